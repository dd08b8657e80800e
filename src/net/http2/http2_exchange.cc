#include "net/http2/http2_exchange.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/memory_budget.h"
#include "net/due_call.h"
#include "net/exception_answer.h"
#include "net/http2/http2_callbacks.h"
#include "net/http2/http2_fields.h"
#include "net/http2/http2_session.h"

namespace neso::net {
namespace {

constexpr const char* kNoMemory = "the server has no memory for the request body now; try again later";

// What nghttp2 encodes at most is 64 KiB.
constexpr size_t kMaxHeadBytes = 60 * 1024;

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

Http2Exchange::Http2Exchange(Http2Session& session, int32_t id, SharedHttpHead head, bool head_too_large)
    : Http2Stream(session, id, head->bytes),
      head_(std::move(head)),
      head_too_large_(head_too_large),
      receive_start_ns_(SteadyNanoseconds()) {}

void Http2Exchange::OnStart() {
  if (head_too_large_) return Refuse(431, "request head too large");
  // It has neither path nor body, and nghttp2 does not hold it to its content-length.
  if (head().method == "CONNECT") return Refuse(405, "this server is no proxy: CONNECT is not allowed");
  BodyPolicy policy = context().handler.OnHead(head());
  if (policy.refusal) [[unlikely]]
    return Refuse(std::move(*policy.refusal));
  ticket_ = std::move(policy.ticket);
  max_body_bytes_ = policy.max_bytes;
  incoming_.StartUnknown(policy.aligned_offset);
  if (const uint64_t bytes = head_->content_length.value_or(0); bytes > 0) {
    if (bytes > max_body_bytes_ || bytes > MemoryBudget::OfProcess().limit()) {
      return Refuse(413, "request body too large");
    }
    if (!incoming_.Start(bytes, policy.aligned_offset)) return Refuse(503, kNoMemory);
  }
  if (head().Find("expect") == "100-continue") {
    Http2Fields fields;
    fields.AddFixed(":status", "100");
    session().SubmitInterim(id(), fields);
  }
  pace_.Start(std::chrono::steady_clock::now());
  SetDeadline(connection().DeadlineOf(pace_));
}

void Http2Exchange::OnData(std::string_view bytes) {
  session().ConsumeForConnection(bytes.size());
  session().ConsumeForStream(*this, bytes.size());
  if (refused_ || bytes.empty()) return;
  if (bytes.size() > max_body_bytes_ - incoming_.size()) return Refuse(413, "request body too large");
  if (!incoming_.Expects(bytes.size())) return Refuse(400, "request body longer than its content-length");
  if (!incoming_.Append(bytes)) return Refuse(503, kNoMemory);
  if (!HoldUnfinished(incoming_.size())) return Refuse(503, "too many unfinished requests of this connection");
  pace_.OnBytes(bytes.size(), std::chrono::steady_clock::now());
  SetDeadline(connection().DeadlineOf(pace_));
}

ReadRoom Http2Exchange::Direct() { return refused_ ? ReadRoom() : incoming_.Direct(); }

void Http2Exchange::OnRequestEnd() {
  SetDeadline(kNever);
  if (refused_) return;
  if (incoming_.size() > 0) body_ = incoming_.Take();
  receive_end_ns_ = SteadyNanoseconds();
  dispatched_ = true;
  session().AddRequest(*this, kRequest);
  if (!parked_work) HoldUnfinished(0);
}

void Http2Exchange::RunAtTop(std::shared_ptr<TopWork> self, int what) {
  const DueCall call(self, connection().shared_from_this());
  try {
    if (what == kDisconnect) {
      disconnect_.Trigger();
    } else {
      call.context().handler.OnRequest(std::static_pointer_cast<Http2Exchange>(self));
    }
  } catch (...) {
    Respond(HttpExceptionResponse());  // nothing, if it has been answered
  }
}

void Http2Exchange::Refuse(HttpResponse response) {
  refused_ = true;
  static_cast<void>(incoming_.Take());
  HoldUnfinished(0);
  SetDeadline(kNever);
  Respond(std::move(response));
}

void Http2Exchange::Refuse(int status, const char* message) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::string("{\"error\":\"") + message + "\"}";
  Refuse(std::move(response));
}

void Http2Exchange::OnDeadline() {
  if (!request_ended && !refused_) Refuse(408, "request body not received in time");
}

void Http2Exchange::OnClose() {
  gone_.store(true, std::memory_order_relaxed);
  std::optional<HttpResponse> response;
  {
    MutexLock lock(mutex_);
    over_ = true;
    response.swap(response_);
    chunks_.clear();
  }
  if (response) session().Drop(std::move(response->release));
  if (head_sent_ && head().method == "HEAD") return;  // the client has all it asked for
  if (dispatched_ && !answered_.load(std::memory_order_acquire)) session().AddDue(shared_from_this(), kDisconnect);
}

void Http2Exchange::OnAnswer() {
  if (gone_.load(std::memory_order_relaxed))
    return session().Reset(id(), NGHTTP2_ENHANCE_YOUR_CALM);  // it does not read
  std::optional<HttpResponse> response;
  std::vector<std::string> chunks;
  bool streamed = false;
  bool finished = false;
  {
    MutexLock lock(mutex_);
    response.swap(response_);
    chunks.swap(chunks_);
    streamed = streamed_;
    finished = finished_;
  }
  const bool bodiless = head().method == "HEAD";
  if (response) {
    ShortenHead(*response);
    context().load.answers.Count(static_cast<unsigned>(response->status));
    size_t length = response->body.size();
    for (const BodyPart& part : response->parts) length += part.size;
    const bool has_body = !bodiless && MayHaveBody(response->status) && (streamed || length > 0);
    SubmitHead(*response, streamed ? std::nullopt : std::optional<size_t>(length), has_body);
    head_sent_ = true;
    if (has_body) {
      unread().Add(length);
      Push(Http2Piece::Own(std::move(response->body)));
      for (const BodyPart& part : response->parts) Push(Http2Piece::Borrow(part.data, part.size, response->release));
    }
    session().Drop(std::move(response->release));
  }
  if (!head_sent_) return;
  for (std::string& chunk : chunks) {
    if (!bodiless) {
      Push(Http2Piece::Own(std::move(chunk)));
    } else {
      unread().Remove(chunk.size());
    }
  }
  if (finished) PushEnd();
  Resume();
}

// Without its headers an answer means something else; so one with too many is an error.
void Http2Exchange::ShortenHead(HttpResponse& response) {
  size_t bytes = 0;
  for (const auto& [name, value] : response.headers) bytes += name.size() + value.size() + 32;
  if (bytes <= kMaxHeadBytes) return;
  session().Drop(std::move(response.release));
  response = {};
  response.status = 500;
  response.content_type = "application/json";
  response.body = "{\"error\":\"the headers of the answer are too long for HTTP/2\"}";
}

void Http2Exchange::SubmitHead(const HttpResponse& response, std::optional<size_t> length, bool has_body) {
  Http2Fields fields;
  const std::string status = std::to_string(response.status);
  fields.AddValue(":status", status);
  if (response.content_type != nullptr) fields.AddValue("content-type", response.content_type);
  const std::string length_text = length ? std::to_string(*length) : std::string();
  if (length && MayHaveBody(response.status)) fields.AddValue("content-length", length_text);
  for (const auto& [name, value] : response.headers) fields.AddForeign(name, value);
  session().SubmitHead(id(), fields, has_body);
}

// An answer that comes after the stream's end is dropped here and now: what keeps its parts alive often holds the
// exchange, and the two would keep each other for ever.
void Http2Exchange::Respond(HttpResponse response) {
  if (claimed_.exchange(true)) return;
  {
    MutexLock lock(mutex_);
    if (!over_) response_ = std::move(response);
    finished_ = true;
  }
  answered_.store(true, std::memory_order_release);
  Wake();
}

void Http2Exchange::StartStream(HttpResponse head) {
  if (claimed_.exchange(true)) return;
  {
    MutexLock lock(mutex_);
    if (!over_) response_ = std::move(head);
    streamed_ = true;
  }
  Wake();
}

bool Http2Exchange::Write(std::string chunk) {
  if (gone_.load(std::memory_order_relaxed)) return false;
  {
    MutexLock lock(mutex_);
    if (finished_ || over_) return false;
    if (unread().IsTooMuch()) {
      gone_.store(true, std::memory_order_relaxed);
    } else if (!chunk.empty()) {
      unread().Add(chunk.size());
      chunks_.push_back(std::move(chunk));
    }
  }
  Wake();
  return !gone_.load(std::memory_order_relaxed);
}

void Http2Exchange::Finish() {
  {
    MutexLock lock(mutex_);
    finished_ = true;
  }
  answered_.store(true, std::memory_order_release);
  Wake();
}

}  // namespace neso::net
