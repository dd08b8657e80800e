// The streams that clients hold open, so that a server that stops does not wait for what their clients may never send.
//
//   auto stream = std::make_shared<StreamInfer>(..., streams, std::move(call));
//   streams.Add(stream);
//   streams.EndIdle();   // while the server drains
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace neso {

// Thread-safe.
class OpenStreams {
 public:
  class Stream {
   public:
    // Ends the call with UNAVAILABLE unless something of it is under way. Any thread.
    virtual void EndIfIdle() = 0;

   protected:
    ~Stream() = default;
  };

  void Add(const std::weak_ptr<Stream>& stream);
  // Ends those that only wait for their clients; from now on the others end themselves with their last answer.
  void EndIdle();
  bool is_ending() const { return is_ending_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> is_ending_{false};
  Mutex mutex_;
  std::vector<std::weak_ptr<Stream>> streams_ GUARDED_BY(mutex_);
  // Those that are over are dropped when there are so many, which costs each of them little.
  size_t sweep_at_ GUARDED_BY(mutex_) = 64;
};

}  // namespace neso
