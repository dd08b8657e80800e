// Gives freed memory back to the system when somebody has freed much of it: at once after a pause, and now and then while models
// come and go all the time.
//
//   MemoryReturn memory_return(executor, &timers, [] { Buffer::TrimPools(); });
//   memory_return.Ask();
//
// It takes milliseconds, in which others wait for the allocator, and whoever needs the memory again has to get it anew from the
// system. So it happens twice a second at most, and takes a twentieth of the time at most.
#pragma once

#include <chrono>
#include <functional>

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/timer_queue.h"

namespace neso {

// Thread-safe. Stop() comes before the end of the executor, and this object's end after it.
class MemoryReturn {
 public:
  static constexpr Nanoseconds kPause = std::chrono::milliseconds(500);
  static constexpr int kPauseForEachPart = 20;

  // All outlive it. `give_back` runs on the executor, one at a time. Without timers there are no pauses.
  MemoryReturn(Executor& executor, TimerQueue* timers, std::function<void()> give_back,
               const Clock& clock = SteadyClock::Instance());
  MemoryReturn(const MemoryReturn&) = delete;
  MemoryReturn& operator=(const MemoryReturn&) = delete;

  // What is free now is given back soon.
  void Ask();
  // From now on nothing is posted.
  void Stop();

 private:
  void Post();
  void Run();

  Executor& executor_;
  TimerQueue* const timers_;
  const std::function<void()> give_back_;
  const Clock& clock_;
  Mutex mutex_;
  bool is_stopped_ GUARDED_BY(mutex_) = false;
  bool is_asked_ GUARDED_BY(mutex_) = false;  // and does not run yet
  bool is_running_ GUARDED_BY(mutex_) = false;
  TimePoint next_ GUARDED_BY(mutex_) = TimePoint::min();
  TimerId timer_ GUARDED_BY(mutex_);
};

}  // namespace neso
