// What the schedulers of all models share.
#pragma once

#include "base/clock.h"
#include "base/executor.h"
#include "base/timer_queue.h"

namespace neso {

// Outlives every scheduler.
struct SchedulingContext {
  Executor& executor;
  TimerQueue& timers;
  const Clock& clock;
};

}  // namespace neso
