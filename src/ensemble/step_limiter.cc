#include "ensemble/step_limiter.h"

#include "ensemble/step_call.h"

namespace neso {

bool StepLimiter::Enter(StepCall& call) {
  if (limit_ == 0) return true;
  MutexLock lock(mutex_);
  Step& step = steps_[call.step];
  if (step.inside < limit_) {
    ++step.inside;
    return true;
  }
  call.place = {.is_waiting = true, .position = step.waiting.insert(step.waiting.end(), &call)};
  return false;
}

StepCall* StepLimiter::Leave(size_t step_number) {
  if (limit_ == 0) return nullptr;
  MutexLock lock(mutex_);
  Step& step = steps_[step_number];
  if (step.waiting.empty()) {
    --step.inside;
    return nullptr;
  }
  StepCall* const next = step.waiting.front();
  step.waiting.pop_front();
  next->place.is_waiting = false;
  return next;
}

bool StepLimiter::Forget(StepCall& call) {
  if (limit_ == 0) return false;
  MutexLock lock(mutex_);
  if (!call.place.is_waiting) return false;
  steps_[call.step].waiting.erase(call.place.position);
  call.place.is_waiting = false;
  return true;
}

}  // namespace neso
