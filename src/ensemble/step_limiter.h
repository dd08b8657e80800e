// How many requests of each step may be under way at a time, over all requests to the ensemble:
// "max_inflight_requests". What is above that waits its turn here, and no thread with it.
//
//   if (!limiter.Enter(call)) return;              // it is resumed by whoever leaves
//   ...
//   if (StepCall* next = limiter.Leave(step)) ...  // has the place now
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "base/mutex.h"

namespace neso {

struct StepCall;

// Thread-safe.
class StepLimiter {
 public:
  // `limit` 0: none.
  StepLimiter(size_t steps, uint32_t limit) : limit_(limit), steps_(limit == 0 ? 0 : steps) {}

  // Where a call waits; a part of it.
  struct Place {
    bool is_waiting = false;
    std::list<StepCall*>::iterator position;
  };

  // True: `call` may go. False: it waits.
  bool Enter(StepCall& call);
  // One that has entered is over. Who goes instead; null: nobody waits.
  StepCall* Leave(size_t step);
  // True: it waited, and does no more. False: it has gone, or never came.
  bool Forget(StepCall& call);

 private:
  struct Step {
    uint32_t inside = 0;
    std::list<StepCall*> waiting;
  };
  const uint32_t limit_;
  Mutex mutex_;
  std::vector<Step> steps_ GUARDED_BY(mutex_);
};

}  // namespace neso
