// The next time at which a scheduler looks again: the earliest that it has asked for.
//
//   if (!timer_.ComesBy(at)) timer_.Set(at, [weak = weak_from_this()] { ... });  // calls Ran(), with the lock
#pragma once

#include <functional>
#include <utility>

#include "base/timer_queue.h"

namespace neso {

// Thread-compatible: its owner's lock guards it. One that comes too early finds nothing, and sets the next.
class EarliestTimer {
 public:
  explicit EarliestTimer(TimerQueue& timers) : timers_(timers) {}

  // It is set, for `at` or earlier.
  bool ComesBy(TimePoint at) const { return timer_.sequence != 0 && timer_.deadline <= at; }
  // In place of the one that is set.
  void Set(TimePoint at, std::function<void()> on_time) {
    Cancel();
    timer_ = timers_.Schedule(at, std::move(on_time));
  }
  void Cancel() {
    if (timer_.sequence != 0) timers_.Cancel(timer_);
    Ran();
  }
  // Its function runs.
  void Ran() { timer_ = TimerId(); }

 private:
  TimerQueue& timers_;
  TimerId timer_;
};

}  // namespace neso
