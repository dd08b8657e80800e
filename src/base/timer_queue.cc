#include "base/timer_queue.h"

#include <pthread.h>

#include <utility>

#include "base/exception_status.h"
#include "base/saturating.h"

namespace neso {

TimerQueue::TimerQueue(const Clock& clock) : clock_(clock) {
  MutexLock lock(mutex_);
  thread_ = std::thread([this] { ThreadMain(); });
}

TimerQueue::~TimerQueue() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    thread.swap(thread_);
  }
  changed_.NotifyAll();
  if (thread.joinable()) thread.join();
}

TimerId TimerQueue::Schedule(TimePoint deadline, std::function<void()> callback) {
  MutexLock lock(mutex_);
  const TimerId timer{deadline, ++last_sequence_};
  const auto [position, inserted] = timers_.emplace(timer, std::move(callback));
  if (position == timers_.begin()) changed_.NotifyOne();  // the thread sleeps until a later deadline
  return timer;
}

bool TimerQueue::Cancel(TimerId timer) {
  std::function<void()> dropped;  // destroyed without the lock: it may own things
  MutexLock lock(mutex_);
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return false;
  dropped = std::move(found->second);
  timers_.erase(found);
  lock.Unlock();
  dropped = nullptr;
  lock.Lock();
  return true;
}

bool TimerQueue::CancelAndWait(TimerId timer) {
  if (Cancel(timer)) return true;
  MutexLock lock(mutex_);
  if (thread_.get_id() == std::this_thread::get_id()) return false;
  while (timer.sequence != 0 && running_ == timer) ran_.Wait(mutex_);
  return false;
}

void TimerQueue::LookAtClockForTest() {
  MutexLock lock(mutex_);
  changed_.NotifyOne();
}

void TimerQueue::ThreadMain() {
  pthread_setname_np(pthread_self(), "neso-timer");
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (timers_.empty()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto next = timers_.begin();
    // As long by the system's clock as it is until then by ours; whoever sets one by hand says so.
    if (const Nanoseconds left = next->first.deadline - clock_.Now(); left > Nanoseconds(0)) {
      changed_.WaitUntil(mutex_, After(std::chrono::steady_clock::now(), left));
      continue;
    }
    running_ = next->first;
    std::function<void()> callback = std::move(next->second);
    timers_.erase(next);
    lock.Unlock();
    try {
      callback();
    } catch (...) {
      LogException("a timer");
    }
    callback = nullptr;
    lock.Lock();
    running_ = {};
    ran_.NotifyAll();
  }
}

}  // namespace neso
