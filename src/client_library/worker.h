// The thread of a client: its connections, its timers, and what other threads hand to it.
//
//   worker.Post([this] { Begin(call); });
//   const auto timer = worker.At(deadline, [this] { GiveUp(call); });   // on the worker's thread
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/owned_descriptor.h"
#include "client/loop.h"

namespace neso::client_library {

class Worker final : private client::Loop::Watcher {
 public:
  using Timer = std::pair<TimePoint, uint64_t>;  // {} is none

  Worker();
  // What was posted runs; timers do not.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Thread-safe. Functions run in their order.
  void Post(std::function<void()> function) EXCLUDES(mutex_);
  // Ends the thread, after what was posted. Not on the thread itself.
  void Stop();

  // The rest is the thread's own.
  Timer At(TimePoint time, std::function<void()> function);
  void Cancel(Timer timer) { timers_.erase(timer); }
  client::Loop& loop() { return loop_; }
  // Destroys what may be in the middle of telling its events, when it no longer is.
  template <typename T>
  void DestroyLater(std::unique_ptr<T> object) {
    retired_.push_back(std::shared_ptr<T>(std::move(object)));
  }

 private:
  void Run();
  // False: there was nothing.
  bool RunPosted() EXCLUDES(mutex_);
  void RunTimers();
  void OnEvents(bool is_ending) override;

  client::Loop loop_;
  const OwnedDescriptor wake_;
  std::map<Timer, std::function<void()>> timers_;
  uint64_t last_timer_ = 0;
  std::vector<std::shared_ptr<void>> retired_;
  Mutex mutex_;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace neso::client_library
