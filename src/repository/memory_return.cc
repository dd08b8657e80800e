#include "repository/memory_return.h"

#include <algorithm>
#include <utility>

namespace neso {

MemoryReturn::MemoryReturn(Executor& executor, TimerQueue* timers, std::function<void()> give_back, const Clock& clock)
    : executor_(executor), timers_(timers), give_back_(std::move(give_back)), clock_(clock) {}

void MemoryReturn::Ask() {
  MutexLock lock(mutex_);
  if (std::exchange(is_asked_, true) || is_running_ || is_stopped_) return;
  if (timers_ != nullptr && clock_.Now() < next_) {
    timer_ = timers_->Schedule(next_, [this] { Post(); });
    return;
  }
  lock.Unlock();
  Post();
}

void MemoryReturn::Stop() {
  TimerId timer;
  {
    MutexLock lock(mutex_);
    is_stopped_ = true;
    timer = timer_;
  }
  if (timers_ != nullptr) timers_->CancelAndWait(timer);
}

void MemoryReturn::Post() {
  if (executor_.Post([this] { Run(); })) return;
  MutexLock lock(mutex_);
  is_asked_ = false;  // who asks next tries again
}

void MemoryReturn::Run() {
  {
    MutexLock lock(mutex_);
    if (is_stopped_) return;
    is_asked_ = false;
    is_running_ = true;
  }
  const TimePoint start = clock_.Now();
  give_back_();
  const TimePoint end = clock_.Now();
  bool again = false;
  {
    MutexLock lock(mutex_);
    is_running_ = false;
    next_ = end + std::max(kPause, (end - start) * kPauseForEachPart);
    again = std::exchange(is_asked_, false);
  }
  if (again) Ask();  // what became free meanwhile
}

}  // namespace neso
