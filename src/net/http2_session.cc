#include "net/http2_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "net/grpc_stream.h"
#include "net/http2_callbacks.h"
#include "net/http2_exchange.h"
#include "net/http2_gather.h"

namespace neso::net {
namespace {

constexpr TimePoint kNever = TimePoint::max();
constexpr std::chrono::milliseconds kLingerTime{2000};
// Read in one turn, so that calls start and other connections are heard.
constexpr size_t kReadBudget = 1 << 20;
constexpr size_t kMaxDue = 64;
// Framed ahead of the socket.
constexpr size_t kOutputAhead = 1 << 20;
// Streams that the client has reset, but whose requests still run, count too.
constexpr int kMaxLiveStreams = 4000;

}  // namespace

Http2Session::Http2Session(Connection& connection)
    : connection_(connection),
      raw_(Http2Callbacks::NewServer(*this, connection.context().options.max_head_bytes)),
      head_deadline_(std::chrono::steady_clock::now() + connection.context().options.head_timeout),
      progress_deadline_(kNever),
      idle_deadline_(kNever),
      stream_deadline_(kNever),
      watched_(kNever) {}

Http2Session::~Http2Session() { nghttp2_session_del(raw_); }

void Http2Session::OnBits(uint32_t bits, StrandTurn& turn) {
  turn_ = &turn;
  if (phase_ != Phase::kClosed && (raw_ == nullptr || (bits & (kAbort | kDead)))) Close();
  if (phase_ != Phase::kClosed) {
    if (bits & (kReadable | kPeerEnded)) readable_ = true;
    if (bits & kPeerEnded) peer_ended_ = true;
    if (bits & kAnswer) TakeAnswers();
    if (bits & kDeadline) OnDeadline();
    if (connection_.context().draining.load(std::memory_order_relaxed)) Drain();
    Read();
    Send();
    Settle();
  }
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
  if (taken >= 0) return;
  if (taken == NGHTTP2_ERR_FLOODED) return Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  Terminate(taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_INTERNAL_ERROR);
}

void Http2Session::TakeAnswers() {
  std::vector<std::shared_ptr<Http2Stream>> posted;
  {
    MutexLock lock(mutex_);
    posted.swap(posted_);
  }
  for (std::shared_ptr<Http2Stream>& stream : posted) {
    stream->ClearPosted();
    if (!stream->closed()) stream->OnAnswer();
    Drop(std::move(stream));
  }
}

void Http2Session::Send() {
  while (phase_ == Phase::kOpen) {
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

// Ends the connection if its time has come, and sets the time limits.
void Http2Session::Settle() {
  if (phase_ != Phase::kOpen) return Watch();
  const bool over = !nghttp2_session_want_read(raw_) && !nghttp2_session_want_write(raw_);
  if (output_.empty() && (over || terminated_ || (draining_ && streams_.empty()))) {
    if (!streams_.empty()) {
      // Nobody will read their answers.
      auto ended = std::exchange(streams_, {});
      for (auto& [id, stream] : ended) stream->Close();
    }
    return Linger();
  }
  const HttpServerOptions& options = connection_.context().options;
  TimePoint now{};
  const auto from_now = [&](std::chrono::milliseconds delay) {
    if (now == TimePoint{}) now = std::chrono::steady_clock::now();
    return now + delay;
  };
  if (greeted_ && !in_headers_) {
    head_deadline_ = kNever;
  } else if (head_deadline_ == kNever) {
    head_deadline_ = from_now(options.head_timeout);
  }
  const size_t unread = output_.pending_bytes() + queued_data_;
  if (unread == 0) {
    progress_deadline_ = kNever;
  } else if (unread < unread_at_mark_ || progress_deadline_ == kNever) {
    progress_deadline_ = from_now(options.body_timeout);
  }
  unread_at_mark_ = unread;
  if (!streams_.empty() || options.idle_timeout.count() == 0) {
    idle_deadline_ = kNever;
  } else if (idle_deadline_ == kNever) {
    idle_deadline_ = from_now(options.idle_timeout);
  }
  if (streams_.empty()) stream_deadline_ = kNever;
  Watch();
}

void Http2Session::Watch() {
  if (phase_ == Phase::kClosed) return;
  const TimePoint wanted = std::min({head_deadline_, progress_deadline_, idle_deadline_, stream_deadline_});
  if (wanted == watched_) return;
  watched_ = wanted;
  wanted == kNever ? connection_.ClearDeadline() : connection_.SetDeadline(wanted);
}

void Http2Session::OnDeadline() {
  const TimePoint now = std::chrono::steady_clock::now();
  if (now >= head_deadline_ || now >= progress_deadline_) return Close();
  if (now >= idle_deadline_) Terminate(NGHTTP2_NO_ERROR);
  if (now < stream_deadline_) return;
  std::vector<std::shared_ptr<Http2Stream>> overdue;
  stream_deadline_ = kNever;
  for (const auto& [id, stream] : streams_) {
    if (stream->deadline() <= now) {
      overdue.push_back(stream);
    } else {
      stream_deadline_ = std::min(stream_deadline_, stream->deadline());
    }
  }
  for (const auto& stream : overdue) stream->OnDeadline();
}

void Http2Session::Drain() {
  if (std::exchange(draining_, true) || terminated_) return;
  const int32_t last = nghttp2_session_get_last_proc_stream_id(raw_);
  order_.ForgiveAbove(last);
  nghttp2_submit_goaway(raw_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::Terminate(uint32_t error) {
  if (std::exchange(terminated_, true)) return;
  nghttp2_session_terminate_session(raw_, error);
}

void Http2Session::Linger() {
  phase_ = Phase::kLinger;
  connection_.transport().FinishWriting();
  progress_deadline_ = idle_deadline_ = stream_deadline_ = kNever;
  head_deadline_ = std::chrono::steady_clock::now() + kLingerTime;
  readable_ = true;
  Read();
  Watch();
}

void Http2Session::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  readable_ = false;
  {
    MutexLock lock(mutex_);
    posts_refused_ = true;
    for (std::shared_ptr<Http2Stream>& stream : posted_) Drop(std::move(stream));
    posted_.clear();
  }
  auto ended = std::exchange(streams_, {});
  for (auto& [id, stream] : ended) {
    stream->Close();
    Drop(std::move(stream));
  }
  turn_->needs_top = false;  // once delisted, only work that is due may ask the reactors for a turn
  connection_.Close(*turn_);
}

void Http2Session::HandOver() {
  if (due_.empty()) return;
  if (turn_->top == nullptr) {
    turn_->needs_top = true;
    return;
  }
  for (Top::Item& item : due_) turn_->top->due.push_back(std::move(item));
  due_.clear();
}

void Http2Session::AddDue(std::shared_ptr<TopWork> work, int what) {
  connection_.context().BeginCall();
  due_.push_back({std::move(work), what});
}

void Http2Session::Consume(int32_t stream, size_t bytes) { nghttp2_session_consume(raw_, stream, bytes); }

void Http2Session::ConsumeForConnection(size_t bytes) { nghttp2_session_consume_connection(raw_, bytes); }

void Http2Session::Reset(int32_t stream, uint32_t error) {
  order_.Forgive(stream);
  nghttp2_submit_rst_stream(raw_, NGHTTP2_FLAG_NONE, stream, error);
}

void Http2Session::NoteStreamDeadline(TimePoint deadline) { stream_deadline_ = std::min(stream_deadline_, deadline); }

void Http2Session::Drop(std::shared_ptr<void> reference) { turn_->Drop(std::move(reference)); }

void Http2Session::Post(std::shared_ptr<Http2Stream> stream) {
  MutexLock lock(mutex_);
  if (!posts_refused_) posted_.push_back(std::move(stream));
}

Http2Stream* Http2Session::Find(int32_t id) const {
  const auto found = streams_.find(id);
  return found != streams_.end() ? found->second.get() : nullptr;
}

void Http2Session::StartStream(int32_t id) {
  if (terminated_) return;
  if (live_streams_.load(std::memory_order_relaxed) >= kMaxLiveStreams) return Reset(id, NGHTTP2_REFUSED_STREAM);
  const bool too_large = collector_.too_large();
  OwnedHttpHead head = collector_.Take();
  std::shared_ptr<Http2Stream> stream;
  if (connection_.context().grpc != nullptr && GrpcStream::IsCall(head.head)) {
    stream = std::make_shared<GrpcStream>(*this, id, std::move(head), too_large);
  } else {
    stream = std::make_shared<Http2Exchange>(*this, id, std::move(head), too_large);
  }
  streams_.emplace(id, stream);
  stream->OnStart();
}

void Http2Session::EndRequest(Http2Stream& stream) {
  if (std::exchange(stream.request_ended, true)) return;
  stream.OnRequestEnd();
}

void Http2Session::CloseStream(int32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const std::shared_ptr<Http2Stream> stream = std::move(found->second);
  streams_.erase(found);
  stream->Close();
  Drop(stream);
}

}  // namespace neso::net
