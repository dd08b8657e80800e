#include "net/http1/http1_exchange.h"

#include <utility>

#include "net/due_call.h"
#include "net/exception_answer.h"

namespace neso::net {

Http1Exchange::Http1Exchange(std::shared_ptr<Connection> connection, SharedHttp1Head head)
    : connection_(std::move(connection)), head_(std::move(head)), unread_(connection_->account()) {
  connection_->context().load.requests.fetch_add(1, std::memory_order_relaxed);
}

Http1Exchange::~Http1Exchange() { connection_->context().load.requests.fetch_sub(1, std::memory_order_relaxed); }

void Http1Exchange::SetBody(BufferRef body, size_t chunks) {
  body_ = std::move(body);
  body_chunks_ = chunks;
}

void Http1Exchange::SetReceiveTimes(uint64_t start_ns, uint64_t end_ns) {
  receive_start_ns_ = start_ns;
  receive_end_ns_ = end_ns;
}

void Http1Exchange::RunAtTop(std::shared_ptr<TopWork> self, int what) {
  const DueCall call(self, connection_);
  try {
    if (what == kDisconnect) {
      disconnect_.Trigger();
    } else {
      call.context().handler.OnRequest(std::static_pointer_cast<Http1Exchange>(self));
    }
  } catch (...) {
    Respond(HttpExceptionResponse());  // nothing, if it has been answered
  }
}

bool Http1Exchange::TakeAnswer(HttpResponse* response, bool* streamed) {
  if (!published_.load(std::memory_order_acquire) || taken_.exchange(true)) return false;
  *response = std::move(response_);
  *streamed = streamed_;
  return true;
}

// An answer nobody will take is dropped, since it may hold the exchange: what keeps its parts alive often does. Called
// by whoever publishes after whoever closes, or the other way round: the later one finds both.
void Http1Exchange::DropAnswerIfGone() {
  if (!gone_.load() || !published_.load() || taken_.exchange(true)) return;
  const HttpResponse dropped = std::move(response_);  // the last thing done: it may take the exchange along
}

Http1Exchange::Chunks Http1Exchange::TakeChunks() {
  Chunks taken;
  MutexLock lock(mutex_);
  taken.chunks.swap(chunks_);
  taken.finished = finished_;
  in_output_ += std::exchange(chunk_bytes_, 0);
  return taken;
}

void Http1Exchange::SetUnsent(size_t bytes) {
  if (bytes == in_output_) return;
  bytes > in_output_ ? unread_.Add(bytes - in_output_) : unread_.Remove(in_output_ - bytes);
  in_output_ = bytes;
}

void Http1Exchange::SetGone() {
  gone_.store(true);
  {
    MutexLock lock(mutex_);
    over_ = true;
    chunks_.clear();
  }
  unread_.Clear();
  DropAnswerIfGone();
}

void Http1Exchange::Respond(HttpResponse response) {
  if (claimed_.exchange(true)) return;
  response_ = std::move(response);
  answered_.store(true, std::memory_order_release);
  published_.store(true);
  connection_->Enter(kAnswer, nullptr);
  DropAnswerIfGone();
}

void Http1Exchange::StartStream(HttpResponse head) {
  if (claimed_.exchange(true)) return;
  response_ = std::move(head);
  streamed_ = true;
  published_.store(true);
  connection_->Enter(kAnswer, nullptr);
  DropAnswerIfGone();
}

bool Http1Exchange::Write(std::string chunk) {
  if (gone_.load(std::memory_order_relaxed)) return false;
  bool too_slow = false;
  {
    MutexLock lock(mutex_);
    if (finished_ || over_) return false;
    too_slow = unread_.IsTooMuch();
    if (!too_slow) {
      unread_.Add(chunk.size());
      chunk_bytes_ += chunk.size();
      chunks_.push_back(std::move(chunk));
    }
  }
  if (too_slow) gone_.store(true, std::memory_order_relaxed);
  connection_->Enter(too_slow ? kAbort : kAnswer, nullptr);
  return !gone_.load(std::memory_order_relaxed);
}

void Http1Exchange::Finish() {
  {
    MutexLock lock(mutex_);
    finished_ = true;
  }
  answered_.store(true, std::memory_order_release);
  connection_->Enter(kAnswer, nullptr);
}

}  // namespace neso::net
