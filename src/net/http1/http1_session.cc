#include "net/http1/http1_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"

namespace neso::net {
namespace {

constexpr std::chrono::milliseconds kLingerTime{2000};
// Of a head, also where the process's memory is used up: health is asked for with less.
constexpr size_t kShortHead = 4096;
// Read in one turn: who sends faster than that is read leaves room for other connections, and for an end.
constexpr size_t kReadBudget = 1 << 20;
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\n";  // as far as it looks like a head (RFC 9113, 3.4)

// Whether the request line ends with a version of HTTP, or with none. Who speaks another protocol does not understand
// an answer; a mangled preface of HTTP/2 is not to get one either (RFC 9113, 3.4).
bool IsHttp(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const size_t last = line.rfind(' ');
  return last == std::string_view::npos || last == line.find(' ') || line.substr(last + 1).starts_with("HTTP/");
}

HttpResponse ErrorResponse(Http1Error error) {
  HttpResponse response;
  response.status = error.status;
  response.content_type = "application/json";
  response.body = std::string("{\"error\":\"") + error.message + "\"}";
  return response;
}

}  // namespace

Http1Session::Http1Session(Connection& connection)
    : connection_(connection), output_(connection.transport()), heads_(connection.peer()) {}

void Http1Session::OnBits(uint32_t bits, StrandTurn& turn) {
  if (phase_ != Phase::kClosed) {
    if (bits & kAbort) Close(turn);
    if (bits & kDead) Close(turn);
  }
  if (phase_ != Phase::kClosed) {
    if (bits & (kReadable | kPeerEnded)) readable_ = true;
    if (bits & kPeerEnded) {
      peer_ended_ = true;
      PeerGone(turn);
    }
    if ((bits & kWritable) && !output_.empty()) {
      output_.Flush();
      AfterSend(turn);
    }
    if (bits & kAnswer) SendAnswer(turn);
    if (bits & kDeadline) OnDeadline(turn);
    if (bits & kDrain) Hurry();
    Advance(turn);
    if (IsIdle()) Rest(bits, turn);
  }
  connection_.NoteBusy(phase_ == Phase::kBody || phase_ == Phase::kAnswer || (phase_ == Phase::kHead && !IsIdle()));
  if (gone_) {
    if (turn.top != nullptr && turn.top->MakeRoom(1)) {
      turn.top->due.push_back({std::move(gone_), Http1Exchange::kDisconnect});
    } else {
      turn.needs_top = true;
    }
  }
}

void Http1Session::Advance(StrandTurn& turn) {
  read_budget_ = kReadBudget;
  while (phase_ != Phase::kAnswer && phase_ != Phase::kClosed && (readable_ || fresh_input_)) {
    if (turn.top == nullptr || read_budget_ == 0) {
      turn.needs_top = true;
      return;
    }
    switch (phase_) {
      case Phase::kHead: ReadHead(turn); break;
      case Phase::kBody: ReadBody(turn); break;
      default: DropInput(turn);
    }
  }
}

// Idle: kept for the next request, also while the server drains, until somebody says that the time for it is over.
void Http1Session::Rest(uint32_t bits, StrandTurn& turn) {
  const bool is_draining = connection_.context().draining.load(std::memory_order_relaxed);
  if ((bits & kSpare) && (is_draining || !connection_.is_brief())) return Close(turn);
  const bool is_limited = connection_.is_brief() || limits().idle_timeout.count() > 0;
  if (is_limited && !has_deadline_) SetDeadline(limits().idle_timeout);
}

// The server drains: what waits for the client waits no longer than for a quick one.
void Http1Session::Hurry() {
  if (phase_ == Phase::kHead && !input_.empty()) SetDeadline(limits().head_timeout);
  if (phase_ == Phase::kBody || !output_.empty()) SetDeadline(limits().progress_timeout);
}

bool Http1Session::Read(std::span<iovec> pieces, size_t* bytes, StrandTurn& turn) {
  const IoResult result = connection_.transport().Read(pieces);
  *bytes = result.bytes;
  read_budget_ -= std::min(read_budget_, result.bytes);
  if (result.drained) readable_ = peer_ended_;  // after the last byte the end itself is still to be read
  switch (result.state) {
    case IoResult::State::kOk: return true;
    case IoResult::State::kWouldBlock: readable_ = false; return false;
    case IoResult::State::kEnd:
    case IoResult::State::kFailed: break;
  }
  Close(turn);  // between requests this is the usual end; within one there is nobody left to answer
  return false;
}

void Http1Session::ReadHead(StrandTurn& turn) {
  if (fresh_input_) {
    fresh_input_ = false;
    const std::string input = std::exchange(input_, {});
    receive_start_ns_ = SteadyNanoseconds();
    return ExamineHead(input, turn);
  }
  iovec piece{turn.top->scratch.data(), turn.top->scratch.size()};
  size_t bytes = 0;
  if (!Read({&piece, 1}, &bytes, turn)) return;
  if (input_.empty()) {
    receive_start_ns_ = SteadyNanoseconds();
    ExamineHead({turn.top->scratch.data(), bytes}, turn);
  } else {
    std::string input = std::exchange(input_, {});
    input.append(turn.top->scratch.data(), bytes);
    ExamineHead(input, turn);
  }
}

// `bytes` begin with the head of a request and are all there is so far.
void Http1Session::ExamineHead(std::string_view bytes, StrandTurn& turn) {
  if (scanner_.lines() == 0) {
    // RFC 9112, 2.2: empty lines before the request line are ignored.
    const size_t before = bytes.size();
    while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
    if (bytes.size() != before) scanner_.Reset();
    if (bytes.empty()) return;
  }
  if (SharedHttp1Head again = heads_.Again(bytes)) {
    bytes.remove_prefix(again->size);
    return StartRequest(std::move(again), {}, bytes, turn);
  }
  const size_t limit = limits().max_head_bytes;
  switch (scanner_.Scan(bytes)) {
    case HeadScanner::kBadLine: return Refuse({400, "malformed line ending"}, turn);
    case HeadScanner::kIncomplete:
      if (bytes.size() > limit) break;
      if (bytes.size() > kShortHead && MemoryBudget::OfProcess().IsExhausted())
        return Refuse({503, "the server has no memory for the request head now; try again later"}, turn);
      input_.assign(bytes);
      head_charge_ = MemoryCharge(bytes.size());
      if (!std::exchange(head_begun_, true)) SetDeadline(limits().head_timeout);
      return;
    case HeadScanner::kComplete: {
      if (scanner_.head_bytes() > limit) break;
      Http1Error error;
      SharedHttp1Head head = heads_.Read(bytes.substr(0, scanner_.head_bytes()), &error);
      return StartRequest(std::move(head), error, bytes.substr(scanner_.head_bytes()), turn);
    }
  }
  const bool long_line = bytes.substr(0, limit).find('\n') == std::string_view::npos;
  Refuse(long_line ? Http1Error{414, "request target too long"} : Http1Error{431, "request head too large"}, turn);
}

void Http1Session::StartRequest(SharedHttp1Head head, const Http1Error& error, std::string_view rest,
                                StrandTurn& turn) {
  scanner_.Reset();
  head_begun_ = false;
  head_charge_ = {};
  exchange_ = MakeShared<Http1Exchange>(connection_.shared_from_this(), head);
  const RequestFraming& framing = head->framing;
  keep_alive_ = framing.keep_alive && !connection_.is_brief();
  http10_ = exchange_->head().version_minor == 0;
  is_head_request_ = exchange_->head().method == "HEAD";
  if (error) {
    if (head->text() == kHttp2Preface && !used_) return SwitchToHttp2(head->text(), rest);
    if (!used_ && !IsHttp(head->text())) return Close(turn);
    return Refuse(error, turn);
  }

  const bool has_body = framing.chunked || framing.length > 0;
  BodyPolicy policy = connection_.context().handler.OnHead(exchange_->head());
  if (policy.refusal) [[unlikely]]
    return RefuseHead(std::move(*policy.refusal), has_body, rest);
  if (policy.ticket) [[unlikely]]
    exchange_->KeepTicket(std::move(policy.ticket));
  if (!has_body) {
    Keep(rest);
    return Dispatch(turn);
  }
  body_.emplace();
  if (const Http1Error refused = body_->Start(framing, policy)) return Refuse(refused, turn);
  phase_ = Phase::kBody;
  if (framing.expect_continue && rest.empty()) output_.SendText("HTTP/1.1 100 Continue\r\n\r\n");
  body_pace_.Start(std::chrono::steady_clock::now());
  TakeBodyBytes(0, rest, turn);
}

// The handler's answer to a head. Without a body the connection goes on as after any answer; a body is not waited for.
void Http1Session::RefuseHead(HttpResponse refusal, bool has_body, std::string_view rest) {
  ClearDeadline();
  phase_ = Phase::kAnswer;
  answer_begun_ = answer_complete_ = false;
  if (has_body) {
    exchange_->CloseAfterResponse();
    readable_ = true;  // there may be more of it: linger
  } else {
    Keep(rest);
  }
  exchange_->Respond(std::move(refusal));
}

void Http1Session::SwitchToHttp2(std::string_view head, std::string_view rest) {
  ClearDeadline();
  exchange_.reset();
  phase_ = Phase::kClosed;
  uint32_t bits = readable_ ? uint32_t{kReadable} : 0u;
  if (peer_ended_) bits |= kPeerEnded;
  connection_.SwitchTo(connection_.context().sessions.MakeHttp2(connection_, std::string(head).append(rest)), bits);
}

void Http1Session::ReadBody(StrandTurn& turn) {
  const std::span<char> scratch = turn.top->scratch;
  size_t bytes = 0;
  if (const std::span<char> direct = body_->Direct(); !direct.empty()) {
    // What follows the body comes with the same read, which so tells that the socket is empty.
    std::array<iovec, 2> pieces{iovec{direct.data(), direct.size()}, iovec{scratch.data(), scratch.size()}};
    if (!Read(pieces, &bytes, turn)) return;
    const size_t ours = std::min(bytes, direct.size());
    if (const Http1Error error = body_->Filled(ours)) return Refuse(error, turn);
    return TakeBodyBytes(ours, {scratch.data(), bytes - ours}, turn);
  }
  iovec piece{scratch.data(), scratch.size()};
  if (!Read({&piece, 1}, &bytes, turn)) return;
  TakeBodyBytes(0, {scratch.data(), bytes}, turn);
}

void Http1Session::TakeBodyBytes(size_t placed, std::string_view bytes, StrandTurn& turn) {
  const size_t came = placed + bytes.size();
  if (const Http1Error error = body_->Consume(bytes)) return Refuse(error, turn);
  if (!body_->done()) {
    if (came > 0) body_pace_.OnBytes(came, std::chrono::steady_clock::now());
    return SetDeadline(connection_.DeadlineOf(body_pace_));
  }
  const size_t chunks = body_->chunks();
  exchange_->SetBody(body_->Take(), chunks);
  body_.reset();
  Keep(bytes);
  Dispatch(turn);
}

// `rest` belongs to the next request.
void Http1Session::Keep(std::string_view rest) {
  input_.assign(rest);
  fresh_input_ = !rest.empty();
}

void Http1Session::Dispatch(StrandTurn& turn) {
  ClearDeadline();
  const uint64_t now = SteadyNanoseconds();
  exchange_->SetReceiveTimes(receive_start_ns_, now);
  phase_ = Phase::kAnswer;
  answer_begun_ = answer_complete_ = false;
  turn.top->due.push_back({exchange_, Http1Exchange::kRequest});
  connection_.context().BeginCall();
  if (peer_ended_) PeerGone(turn);
}

void Http1Session::Refuse(Http1Error error, StrandTurn& turn) {
  ClearDeadline();
  turn.Drop(std::move(exchange_));
  body_.reset();
  head_charge_ = {};
  phase_ = Phase::kAnswer;
  keep_alive_ = false;
  readable_ = true;  // there may be more of what we do not want: linger
  answer_begun_ = answer_complete_ = true;
  AnswerHead head;
  head.close = true;
  head.no_body = is_head_request_;
  HttpResponse response = ErrorResponse(error);
  connection_.context().load.answers.Count(static_cast<unsigned>(response.status));
  output_.Send(head, std::move(response));
  AfterSend(turn);
}

void Http1Session::SendAnswer(StrandTurn& turn) {
  if (phase_ != Phase::kAnswer || !exchange_ || answer_complete_) return;
  if (!answer_begun_) {
    HttpResponse response;
    bool streamed = false;
    if (!exchange_->TakeAnswer(&response, &streamed)) return;
    answer_begun_ = true;
    if (exchange_->close_requested() || connection_.context().draining.load(std::memory_order_relaxed))
      keep_alive_ = false;
    framing_ = !streamed ? AnswerFraming::kLength : http10_ ? AnswerFraming::kUntilClose : AnswerFraming::kChunked;
    if (framing_ == AnswerFraming::kUntilClose) keep_alive_ = false;
    AnswerHead head;
    head.framing = framing_;
    head.no_body = is_head_request_;
    head.close = !keep_alive_;
    head.keep_alive_note = http10_;
    release_ = response.release;
    std::string first_chunk;
    if (streamed) first_chunk = std::move(response.body);
    connection_.context().load.answers.Count(static_cast<unsigned>(response.status));
    output_.Send(head, std::move(response));
    if (!first_chunk.empty() && !is_head_request_) output_.SendChunk(framing_, std::move(first_chunk));
    answer_complete_ = !streamed;
  }
  if (!answer_complete_) SendStream(turn);
  AfterSend(turn);
}

void Http1Session::SendStream(StrandTurn& turn) {
  Http1Exchange::Chunks taken = exchange_->TakeChunks();
  for (std::string& chunk : taken.chunks) {
    if (!is_head_request_) output_.SendChunk(framing_, std::move(chunk));
  }
  if (taken.finished) {
    if (!is_head_request_) output_.SendEnd(framing_);
    answer_complete_ = true;
  }
}

void Http1Session::AfterSend(StrandTurn& turn) {
  if (output_.failed()) return Close(turn);
  if (exchange_) exchange_->SetUnsent(output_.pending_bytes());
  if (!output_.empty()) return SetDeadline(ReadingDeadline());
  is_reading_ = false;
  if (phase_ != Phase::kAnswer) return;
  ClearDeadline();
  if (answer_complete_) FinishAnswer(turn);
}

void Http1Session::FinishAnswer(StrandTurn& turn) {
  turn.Drop(std::move(exchange_));
  turn.Drop(std::move(release_));
  used_ = true;
  if (keep_alive_) {  // so the answer said, also if the server drains by now
    phase_ = Phase::kHead;
    return;
  }
  if (!readable_ && !fresh_input_) return Close(turn);
  Linger();
}

void Http1Session::OnDeadline(StrandTurn& turn) {
  if (!connection_.IsOverdue(std::chrono::steady_clock::now())) return;  // it was moved meanwhile
  if (phase_ == Phase::kHead && !input_.empty()) return Refuse({408, "request head not received in time"}, turn);
  if (phase_ == Phase::kBody && output_.empty()) return Refuse({408, "request body not received in time"}, turn);
  Close(turn);
}

void Http1Session::PeerGone(StrandTurn& turn) {
  if (phase_ != Phase::kAnswer || !exchange_ || exchange_->IsAnswered() || gone_) return;
  connection_.context().BeginCall();
  gone_ = exchange_;
}

void Http1Session::Linger() {
  phase_ = Phase::kLinger;
  input_ = {};
  fresh_input_ = false;
  readable_ = true;
  connection_.transport().FinishWriting();
  SetDeadline(kLingerTime);
}

void Http1Session::DropInput(StrandTurn& turn) {
  iovec piece{turn.top->scratch.data(), turn.top->scratch.size()};
  size_t bytes = 0;
  Read({&piece, 1}, &bytes, turn);
}

void Http1Session::Close(StrandTurn& turn) {
  PeerGone(turn);
  if (exchange_) {
    exchange_->SetGone();
    turn.Drop(std::move(exchange_));
  }
  turn.Drop(std::move(release_));
  body_.reset();
  input_ = {};
  head_charge_ = {};
  fresh_input_ = readable_ = false;
  phase_ = Phase::kClosed;
  connection_.Close(turn);
}

TimePoint Http1Session::ReadingDeadline() {
  const size_t taken = output_.taken_bytes();
  if (!std::exchange(is_reading_, true)) {
    reading_pace_.Start(std::chrono::steady_clock::now());
  } else if (taken != taken_at_mark_) {
    reading_pace_.OnBytes(taken - taken_at_mark_, std::chrono::steady_clock::now());
  }
  taken_at_mark_ = taken;
  return connection_.DeadlineOf(reading_pace_);
}

void Http1Session::SetDeadline(std::chrono::milliseconds delay) {
  SetDeadline(std::chrono::steady_clock::now() + connection_.Patience(delay));
}

void Http1Session::SetDeadline(TimePoint deadline) {
  has_deadline_ = true;
  connection_.SetDeadline(deadline);
}

void Http1Session::ClearDeadline() {
  if (!std::exchange(has_deadline_, false)) return;
  connection_.ClearDeadline();
}

}  // namespace neso::net
