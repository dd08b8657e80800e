// How an HTTP/2 connection ends: time limits, pings, the drain, and errors.
#include <algorithm>
#include <array>
#include <utility>

#include "net/http2/http2_callbacks.h"
#include "net/http2/http2_session.h"

namespace neso::net {
namespace {

constexpr TimePoint kNever = TimePoint::max();
constexpr std::chrono::milliseconds kLingerTime{2000};
// For the answer to the ping behind the announcement of the end.
constexpr std::chrono::milliseconds kAnnouncement{1000};
constexpr std::array<uint8_t, 8> kEndPing{'t', 'h', 'e', ' ', 'e', 'n', 'd', '.'};

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

}  // namespace

// Ends the connection if its time has come, and sets the time limits.
void Http2Session::Settle() {
  if (phase_ != Phase::kOpen) return Watch();
  const bool over = !nghttp2_session_want_read(raw_) && !nghttp2_session_want_write(raw_);
  if (output_.empty() && (over || terminated_ || (end_ == End::kFinal && streams_.empty()))) {
    CloseStreams();
    return Linger();
  }
  TimePoint now{};
  const auto at = [&] {
    if (now == TimePoint{}) now = std::chrono::steady_clock::now();
    return now;
  };
  if (greeted_ && !in_headers_) {
    head_deadline_ = kNever;
  } else if (head_deadline_ == kNever) {
    head_deadline_ = at() + connection_.Patience(limits().head_timeout);
  }
  const size_t read = framed_bytes_ - std::min(framed_bytes_, output_.pending_bytes());
  if (output_.empty() && account_.Held(ClientAccount::kUnread) == 0) {
    progress_deadline_ = kNever;
  } else if (progress_deadline_ == kNever) {
    reading_pace_.Start(at());
    read_at_mark_ = read;
    progress_deadline_ = connection_.DeadlineOf(reading_pace_);
  } else if (read > read_at_mark_) {
    reading_pace_.OnBytes(read - read_at_mark_, at());
    read_at_mark_ = read;
    progress_deadline_ = connection_.DeadlineOf(reading_pace_);
  }
  const std::chrono::milliseconds idle = connection_.Patience(limits().idle_timeout);
  if (!streams_.empty() || idle.count() == 0) {
    idle_deadline_ = kNever;
  } else if (idle_deadline_ == kNever) {
    idle_deadline_ = at() + idle;
  }
  if (streams_.empty()) stream_deadline_ = kNever;
  Watch();
}

void Http2Session::Hurry() {
  const TimePoint now = std::chrono::steady_clock::now();
  if (head_deadline_ != kNever) head_deadline_ = now + connection_.Patience(limits().head_timeout);
  if (progress_deadline_ != kNever) progress_deadline_ = now + connection_.Patience(limits().progress_timeout);
}

void Http2Session::Watch() {
  if (phase_ == Phase::kClosed) return;
  const TimePoint wanted = std::min({head_deadline_, progress_deadline_, idle_deadline_, end_deadline_,
                                     stream_deadline_, keep_alive_ ? keep_alive_->deadline() : kNever});
  if (wanted == watched_) return;
  watched_ = wanted;
  wanted == kNever ? connection_.ClearDeadline() : connection_.SetDeadline(wanted);
}

void Http2Session::OnDeadline() {
  const TimePoint now = std::chrono::steady_clock::now();
  watched_ = kNever;
  connection_.ClearDeadline();  // or every sweep would find it overdue until another is set
  if (now >= head_deadline_ || now >= progress_deadline_) return Close();
  if (now >= idle_deadline_) Terminate(NGHTTP2_NO_ERROR);
  if (now >= end_deadline_) RefuseStreams();
  if (keep_alive_ && now >= keep_alive_->deadline()) KeepAlive(now);
  if (now < stream_deadline_ || phase_ == Phase::kClosed) return;
  std::vector<std::shared_ptr<Http2Stream>> overdue;
  stream_deadline_ = kNever;
  streams_.ForEach([&](const std::shared_ptr<Http2Stream>& stream) {
    if (stream->deadline() <= now) {
      overdue.push_back(stream);
    } else {
      stream_deadline_ = std::min(stream_deadline_, stream->deadline());
    }
  });
  for (const auto& stream : overdue) stream->OnDeadline();
}

void Http2Session::KeepAlive(TimePoint now) {
  switch (keep_alive_->Act(now, !streams_.empty())) {
    case Http2KeepAlive::Action::kNone: break;
    case Http2KeepAlive::Action::kPing: Check(nghttp2_submit_ping(raw_, NGHTTP2_FLAG_NONE, nullptr)); break;
    case Http2KeepAlive::Action::kEnd: BeginEnd("max_age"); break;
    case Http2KeepAlive::Action::kCut: Close(); break;
  }
}

void Http2Session::OnPing(bool is_answer, std::span<const uint8_t, 8> payload) {
  if (is_answer) {
    if (end_ == End::kAnnounced && std::equal(payload.begin(), payload.end(), kEndPing.begin())) RefuseStreams();
    return;
  }
  const TimePoint now = std::chrono::steady_clock::now();
  if (keep_alive_ && !keep_alive_->OnPing(now, !streams_.empty()))
    return Terminate(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
  OnControlFrame();
}

void Http2Session::OnControlFrame() {
  if (!guard_.OnControlFrame(std::chrono::steady_clock::now())) Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::BeginEnd(std::string_view reason) {
  if (end_ != End::kNo || terminated_) return;
  end_reason_ = reason;
  if (!greeted_) return RefuseStreams();
  end_ = End::kAnnounced;
  end_deadline_ = std::chrono::steady_clock::now() + kAnnouncement;
  Check(nghttp2_submit_shutdown_notice(raw_));
  Check(nghttp2_submit_ping(raw_, NGHTTP2_FLAG_NONE, kEndPing.data()));
}

void Http2Session::RefuseStreams() {
  if (end_ == End::kFinal || terminated_) return;
  end_ = End::kFinal;
  end_deadline_ = kNever;
  const int32_t last = nghttp2_session_get_last_proc_stream_id(raw_);
  order_.ForgiveAbove(last);
  Check(nghttp2_submit_goaway(raw_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, Bytes(end_reason_), end_reason_.size()));
}

void Http2Session::Terminate(uint32_t error, std::string_view reason) {
  if (std::exchange(terminated_, true)) return;
  if (reason.empty()) {
    Check(nghttp2_session_terminate_session(raw_, error));
  } else {
    const int32_t last = nghttp2_session_get_last_proc_stream_id(raw_);
    Check(nghttp2_submit_goaway(raw_, NGHTTP2_FLAG_NONE, last, error, Bytes(reason), reason.size()));
  }
}

void Http2Session::Linger() {
  phase_ = Phase::kLinger;
  connection_.transport().FinishWriting();
  progress_deadline_ = idle_deadline_ = end_deadline_ = stream_deadline_ = kNever;
  keep_alive_.reset();
  head_deadline_ = std::chrono::steady_clock::now() + kLingerTime;
  readable_ = true;
  Read();
  Watch();
}

void Http2Session::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  readable_ = false;
  CloseStreams();
  turn_->needs_top = false;  // once delisted, only work that is due may ask the reactors for a turn
  connection_.Close(*turn_);
}

}  // namespace neso::net
