#include "net/http2/http2_session.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/exception_status.h"
#include "base/memory_budget.h"
#include "net/http2/grpc_stream.h"
#include "net/http2/http2_callbacks.h"
#include "net/http2/http2_exchange.h"
#include "net/http2/http2_fields.h"
#include "net/http2/http2_gather.h"

namespace neso::net {
namespace {

constexpr TimePoint kNever = TimePoint::max();
// Read in one turn, so that calls start and other connections are heard.
constexpr size_t kReadBudget = 1 << 20;
constexpr size_t kMaxDue = 64;
// Framed ahead of the socket.
constexpr size_t kOutputAhead = 1 << 20;
// Streams that the client has reset, but whose requests still run, count too.
constexpr size_t kLiveStreamsForOpen = 4;
// What a connection gets when the process's memory is used up: enough to be told so, and to ask for the server's health.
constexpr size_t kLastStreams = 8;
constexpr size_t kLastHeadBytes = 4096;

// -1 to 1, so that connections that began together do not end together.
double Jitter() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution(-1.0, 1.0)(random);
}

}  // namespace

Http2Session::Http2Session(Connection& connection)
    : connection_(connection),
      raw_(Http2Callbacks::NewServer(*this, connection.context().options.limits)),
      collector_(connection.peer()),
      account_(connection.account()),
      head_deadline_(std::chrono::steady_clock::now() +
                     connection.Patience(connection.context().options.limits.head_timeout)),
      progress_deadline_(kNever),
      idle_deadline_(kNever),
      end_deadline_(kNever),
      stream_deadline_(kNever),
      watched_(kNever) {
  const ServerContext& context = connection.context();
  if (context.grpc == nullptr) return;
  keep_alive_.emplace(context.grpc_settings.keep_alive, std::chrono::steady_clock::now(), Jitter());
}

Http2Session::~Http2Session() { nghttp2_session_del(raw_); }

void Http2Session::OnBits(uint32_t bits, StrandTurn& turn) {
  turn_ = &turn;
  if (phase_ != Phase::kClosed && (raw_ == nullptr || (bits & (kAbort | kDead)))) Close();
  // Those of a connection that is closed are let go of.
  if ((bits & kAnswer) || phase_ == Phase::kClosed) TakeAnswers();
  if (phase_ != Phase::kClosed) {
    if (bits & (kReadable | kPeerEnded)) readable_ = true;
    if (bits & kPeerEnded) peer_ended_ = true;
    if (bits & kDeadline) OnDeadline();
    if (connection_.context().draining.load(std::memory_order_relaxed)) {
      BeginEnd({});
    } else if ((bits & kSpare) && streams_.empty() && !connection_.is_brief()) {
      Terminate(NGHTTP2_NO_ERROR);
    }
    if (bits & kDrain) Hurry();
    Read();
    Send();
    Settle();
  }
  if (!parked_.empty()) Unpark();
  connection_.NoteBusy(!streams_.empty());
  HandOver();
  turn_ = nullptr;
}

void Http2Session::Read() {
  if (!received_.empty() && phase_ == Phase::kOpen) Feed(std::exchange(received_, {}));
  size_t budget = kReadBudget;
  while (readable_ && phase_ != Phase::kClosed) {
    if (turn_->top == nullptr || budget == 0 || due_.size() >= kMaxDue) {
      turn_->needs_top = true;
      return;
    }
    ReadOnce(&budget);
  }
}

void Http2Session::ReadOnce(size_t* budget) {
  const std::span<char> scratch = turn_->top->scratch;
  ReadRoom direct;
  if (phase_ == Phase::kOpen && tracker_.data_stream() != 0) {
    if (Http2Stream* stream = Find(tracker_.data_stream())) direct = stream->Direct();
    direct.bytes = direct.bytes.first(std::min(direct.bytes.size(), *budget));
    // A short rest is cheaper copied.
    if (direct.bytes.size() < scratch.size() / 4) direct = {};
  }
  Http2Gather gather(direct.bytes, tracker_.left(), tracker_.frame_bytes(), scratch);
  const IoResult result = connection_.transport().Read(gather.pieces());
  if (result.drained) readable_ = peer_ended_;  // after the last byte the end itself is still to be read
  if (result.state == IoResult::State::kWouldBlock) {
    readable_ = false;
    return;
  }
  if (result.state != IoResult::State::kOk) return Close();
  if (keep_alive_) keep_alive_->OnReceived(CoarseNow());
  *budget -= std::min(*budget, result.bytes);
  if (phase_ != Phase::kLinger) FeedGathered(gather, result.bytes);
}

void Http2Session::FeedGathered(Http2Gather& gather, size_t bytes) {
  const int32_t id = tracker_.data_stream();
  const std::span<const iovec> pieces = gather.pieces();
  for (size_t i = 0; bytes > 0; i++) {
    const std::string_view piece(static_cast<const char*>(pieces[i].iov_base), std::min(bytes, pieces[i].iov_len));
    if (i > 0 && i + 1 < pieces.size() && !IsAsGuessed(gather.IsPayload(i), id, piece))
      return Feed(gather.Rest(i, bytes));
    Feed(piece);
    bytes -= piece.size();
  }
}

// Whether `piece` is what it was read as: a frame's header, or those bytes of the stream that belong where they are.
// (Bytes of a message in the place of a header would be moved to where the next piece still lies.)
bool Http2Session::IsAsGuessed(bool is_payload, int32_t id, std::string_view piece) {
  if (!is_payload) return tracker_.IsBetweenFrames();
  if (tracker_.data_stream() != id || tracker_.left() < piece.size()) return false;
  Http2Stream* stream = Find(id);
  return stream != nullptr && stream->Direct().bytes.data() == piece.data();
}

void Http2Session::Feed(std::string_view bytes) {
  for (size_t seen = 0; seen < bytes.size();) {
    seen += tracker_.Advance(bytes.substr(seen));
    if (!tracker_.begins_frame() || order_.IsFine(tracker_.frame())) continue;
    // All before the frame decides. Without the last byte of its header nghttp2 does not begin it.
    Receive(bytes.substr(0, seen - 1));
    bytes.remove_prefix(seen - 1);
    seen = 1;
    const uint32_t error = order_.Check(tracker_.frame(), Find(tracker_.frame().stream) != nullptr);
    if (error != NGHTTP2_NO_ERROR) return Terminate(error);
  }
  Receive(bytes);
}

void Http2Session::Receive(std::string_view bytes) {
  if (terminated_ || bytes.empty()) return;
  const ssize_t taken = nghttp2_session_mem_recv(raw_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  switch (taken) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: return Terminate(NGHTTP2_PROTOCOL_ERROR);
    case NGHTTP2_ERR_CALLBACK_FAILURE:  // an exception
    case NGHTTP2_ERR_NOMEM: return Terminate(NGHTTP2_INTERNAL_ERROR);
    default:  // frames that cost more than they are worth: floods, endless header blocks
      if (taken < 0) Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

void Http2Session::TakeAnswers() {
  posted_.Collect();
  while (std::shared_ptr<Http2Stream> stream = posted_.Pop()) {
    stream->ClearPosted();  // before the look at what it has: what comes after the look posts it again
    if (!stream->closed()) stream->OnAnswer();
    Drop(std::move(stream));
  }
}

void Http2Session::Send() {
  if (consumed_ > 0) Check(nghttp2_session_consume_connection(raw_, std::exchange(consumed_, 0)));
  while (phase_ == Phase::kOpen) {
    if (is_out_of_memory_) return Close();
    while (output_.pending_bytes() < kOutputAhead) {
      const uint8_t* bytes = nullptr;
      const size_t before = output_.pending_bytes();
      const ssize_t size = nghttp2_session_mem_send(raw_, &bytes);
      if (size < 0) return Close();
      if (size > 0) output_.Copy({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
      if (output_.pending_bytes() == before) break;
    }
    if (output_.empty()) return;
    if (!output_.Flush(connection_.transport())) return Close();
    if (!output_.empty()) return;  // the socket is full
  }
}

void Http2Session::HandOver() {
  if (due_.empty()) return;
  if (turn_->top == nullptr || !turn_->top->MakeRoom(due_.size())) {
    turn_->needs_top = true;
    return;
  }
  for (Due& due : due_) {
    due.stream->OnHandOver(due.what);
    turn_->top->due.push_back({std::move(due.stream), due.what});
  }
  due_.clear();
}

void Http2Session::AddDue(std::shared_ptr<Http2Stream> stream, int what) {
  due_.push_back({std::move(stream), what});
  connection_.context().BeginCall();
}

// One read may bring a thousand small requests: their answers are not made before it is known who reads them.
void Http2Session::AddRequest(Http2Stream& stream, int what) {
  const bool must_wait = !parked_.empty() || due_.size() >= kMaxDue || push_back_.IsOn();
  if (!must_wait) return AddDue(stream.shared_from_this(), what);
  stream.parked_work = what;
  parked_.push_back(stream.id());
}

void Http2Session::Unpark() {
  while (!parked_.empty() && !push_back_.IsOn()) {
    if (due_.size() >= kMaxDue) {
      turn_->needs_top = true;
      return;
    }
    Http2Stream* const stream = Find(parked_.front());
    parked_.pop_front();
    if (stream == nullptr) continue;
    stream->HoldUnfinished(0);
    AddDue(stream->shared_from_this(), *std::exchange(stream->parked_work, std::nullopt));
  }
}

void Http2Session::SubmitHead(int32_t stream, const Http2Fields& fields, bool has_data) {
  const nghttp2_data_provider provider = Http2Callbacks::Provider();
  Check(nghttp2_submit_response(raw_, stream, fields.data(), fields.size(), has_data ? &provider : nullptr), stream);
}

void Http2Session::SubmitInterim(int32_t stream, const Http2Fields& fields) {
  Check(nghttp2_submit_headers(raw_, NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(), fields.size(), nullptr),
        stream);
}

void Http2Session::SubmitTrailers(int32_t stream, const Http2Fields& fields) {
  Check(nghttp2_submit_trailer(raw_, stream, fields.data(), fields.size()), stream);
}

void Http2Session::Resume(int32_t stream) { Check(nghttp2_session_resume_data(raw_, stream), stream); }

void Http2Session::ConsumeForStream(const Http2Stream& stream, size_t bytes) {
  if (stream.request_ends) return;
  Check(nghttp2_session_consume_stream(raw_, stream.id(), bytes), stream.id());
}

void Http2Session::Reset(int32_t stream, uint32_t error) {
  order_.Forgive(stream);
  Check(nghttp2_submit_rst_stream(raw_, NGHTTP2_FLAG_NONE, stream, error));
}

void Http2Session::Check(int result, int32_t stream) {
  if (result >= 0) return;
  if (nghttp2_is_fatal(result) != 0) {
    is_out_of_memory_ = true;
  } else if (stream != 0) {
    Reset(stream, NGHTTP2_INTERNAL_ERROR);
  }
}

void Http2Session::NoteStreamDeadline(TimePoint deadline) { stream_deadline_ = std::min(stream_deadline_, deadline); }

void Http2Session::Drop(std::shared_ptr<void> reference) { turn_->Drop(std::move(reference)); }

void Http2Session::StartStream(int32_t id) {
  if (terminated_) return;
  const auto live = static_cast<size_t>(live_streams_.load(std::memory_order_relaxed));
  if (live >= kLiveStreamsForOpen * limits().max_streams) return Reset(id, NGHTTP2_REFUSED_STREAM);
  const bool too_large = collector_.too_large();
  SharedHttpHead head = collector_.Take();
  if (head == nullptr) return RefuseMalformed(id);
  if (MemoryBudget::OfProcess().IsExhausted() && (live >= kLastStreams || head->bytes > kLastHeadBytes))
    return Reset(id, NGHTTP2_ENHANCE_YOUR_CALM);
  if (!account_.TryAdd(ClientAccount::kHeads, head->bytes)) return Reset(id, NGHTTP2_ENHANCE_YOUR_CALM);
  const std::optional<uint64_t> length = head->content_length;
  std::shared_ptr<Http2Stream> stream;
  if (connection_.context().grpc != nullptr && head->grpc.is_call) {
    stream = MakeShared<GrpcStream>(*this, id, std::move(head), too_large);
  } else {
    stream = MakeShared<Http2Exchange>(*this, id, std::move(head), too_large);
  }
  stream->body_left = length;
  Http2Stream& started = *stream;
  streams_.Add(std::move(stream));
  started.OnStart();
}

void Http2Session::RefuseMalformed(int32_t id) {
  if (Http2Stream* const stream = Find(id)) stream->request_ended = true;
  Reset(id, NGHTTP2_PROTOCOL_ERROR);
  OnControlFrame();
}

void Http2Session::EndRequest(Http2Stream& stream) {
  if (stream.body_left.value_or(0) > 0 && !stream.request_ended) return RefuseMalformed(stream.id());
  if (std::exchange(stream.request_ended, true)) return;
  stream.OnRequestEnd();
}

// Nobody will read their answers.
void Http2Session::CloseStreams() {
  std::exchange(streams_, {}).ForEach([this](const std::shared_ptr<Http2Stream>& stream) {
    try {
      stream->Close();
    } catch (...) {
      LogException("a request");  // the others are to hear of it, too
    }
    Drop(stream);
  });
}

void Http2Session::CloseStream(int32_t id) {
  std::shared_ptr<Http2Stream> stream = streams_.Take(id);
  if (stream == nullptr) return;
  stream->Close();
  Drop(std::move(stream));
}

}  // namespace neso::net
