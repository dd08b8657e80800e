// Holds the function to run when a client goes away, for an exchange of any protocol. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace neso::net {

class DisconnectSlot {
 public:
  // Replaces the function; runs it here and now if the client has gone already. When it returns, the former function is
  // not running any more, unless it is that function which asks.
  void Set(std::function<void()> callback);
  // The client has gone: runs the function, once.
  void Trigger();

 private:
  Mutex mutex_;
  std::function<void()> callback_ GUARDED_BY(mutex_);
  bool gone_ GUARDED_BY(mutex_) = false;
  std::thread::id runner_ GUARDED_BY(mutex_);
  std::atomic<int> running_{0};
};

}  // namespace neso::net
