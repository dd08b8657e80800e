// Runs functions at points in time, on one thread.
//
//   const TimerId timer = timers.Schedule(deadline, [this] { batcher_->OnDelayElapsed(); });
//   timers.Cancel(timer);
//
// Functions must be short: the others wait for them. An exception that leaves one is logged.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"

namespace neso {

struct TimerId {
  TimePoint deadline{};
  uint64_t sequence = 0;  // 0: no timer
  auto operator<=>(const TimerId&) const = default;
};

// Thread-safe. The destructor drops what is not yet due and waits for the function that runs.
class TimerQueue {
 public:
  // Deadlines are of `clock`, which outlives the queue. Throws std::system_error when the thread cannot be started: a
  // timer that was set always comes.
  explicit TimerQueue(const Clock& clock = SteadyClock::Instance());
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  TimerId Schedule(TimePoint deadline, std::function<void()> callback);
  // True when the function will not run. False when it has run, runs now, or was cancelled before.
  bool Cancel(TimerId timer);
  // As Cancel, but when it returns the function is not running either (unless it is the function itself that asks).
  bool CancelAndWait(TimerId timer);

  // A clock that is set by hand has been set.
  void LookAtClockForTest();

 private:
  void ThreadMain();

  const Clock& clock_;
  Mutex mutex_;
  CondVar changed_;
  CondVar ran_;
  std::map<TimerId, std::function<void()>> timers_ GUARDED_BY(mutex_);  // by deadline
  uint64_t last_sequence_ GUARDED_BY(mutex_) = 0;
  TimerId running_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace neso
