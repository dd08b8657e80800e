#include "base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <system_error>

#include "base/exception_status.h"
#include "base/thread_start.h"
#include "neso/processors.h"

namespace neso {
namespace {

bool IsLong(const Runnable& work) {
  const Nanoseconds expected = work.ExpectedDuration();
  return expected > Executor::kLong && expected != Runnable::kUnknown;
}

}  // namespace

Executor::Executor(const char* name, size_t max_threads, const ExecutorOptions& options)
    : name_(name),
      max_threads_(std::max<size_t>(max_threads, 1)),
      width_(std::max<size_t>(options.width == 0 ? UsableProcessors() : options.width, 1)),
      patience_(options.patience),
      idle_timeout_(options.idle_timeout) {
  MutexLock lock(mutex_);
  if (Thread* const first = StartThread()) {
    idle_.push_back(first);
  } else {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "cannot start a thread");
  }
}

Executor::~Executor() {
  Threads ended;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (Thread& thread : threads_) thread.woken.NotifyOne();
    while (!threads_.empty()) thread_ended_.Wait(mutex_);
    ended.swap(retired_);
  }
  for (Thread& thread : ended) thread.thread.join();
}

void Executor::Post(Runnable* work) noexcept {
  const bool is_long = IsLong(*work);
  Threads ended;  // joined after the lock is given back; they have nothing left to do
  {
    // Threads are woken within the lock: the work may be what the executor's end waits for, and then there is nobody
    // left to wake.
    MutexLock lock(mutex_);
    Thread* const own = is_long ? FreeThread() : nullptr;
    if (own != nullptr) {
      Give(*own, work, false);
    } else {
      queue_.PushBack(work);
      Distribute();
    }
    ended.swap(retired_);
  }
  for (Thread& thread : ended) thread.thread.join();
}

bool Executor::HasWaiting() const {
  MutexLock lock(mutex_);
  return !queue_.empty();
}

size_t Executor::ThreadsForTest() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void Executor::Distribute() {
  while (!queue_.empty() && seats_taken_ < width_) {
    Thread* const thread = FreeThread();
    if (thread == nullptr) return;  // those that run come to it
    Give(*thread, queue_.PopFront(), true);
  }
  if (queue_.empty() || lookout_ != nullptr) return;
  lookout_ = FreeThread();
  if (lookout_ != nullptr) lookout_->woken.NotifyOne();
}

void Executor::Give(Thread& thread, Runnable* work, bool with_seat) {
  thread.work = work;
  thread.busy_since = std::chrono::steady_clock::now();
  if (with_seat) {
    thread.has_seat = true;
    ++seats_taken_;
  }
  thread.woken.NotifyOne();
}

Executor::Thread* Executor::FreeThread() {
  if (!idle_.empty()) {
    Thread* const thread = idle_.back();
    idle_.pop_back();
    thread->is_idle = false;
    return thread;
  }
  Thread* const started = threads_.size() < max_threads_ ? StartThread() : nullptr;
  if (started != nullptr) {
    started->is_idle = false;
    return started;
  }
  // To do something is better than to look on.
  return std::exchange(lookout_, nullptr);
}

Executor::Thread* Executor::StartThread() {
  try {
    idle_.reserve(threads_.size() + 1);  // so that going idle needs no memory
    threads_.emplace_back();
  } catch (const std::bad_alloc&) {
    return nullptr;  // not an error of what was just queued, which runs nevertheless
  }
  const auto self = std::prev(threads_.end());
  if (TryStartThread(self->thread, name_, [this, self] { ThreadMain(self); })) return &*self;
  threads_.erase(self);
  return nullptr;
}

void Executor::ThreadMain(Threads::iterator self) {
  pthread_setname_np(pthread_self(), name_);
  MutexLock lock(mutex_);
  while (AwaitWork(*self)) {
    Runnable* const work = std::exchange(self->work, nullptr);
    lock.Unlock();
    try {
      work->Run();
    } catch (...) {
      LogException(name_);
    }
    lock.Lock();
  }
  retired_.splice(retired_.end(), threads_, self);
  thread_ended_.NotifyAll();
}

bool Executor::AwaitWork(Thread& self) {
  while (self.work == nullptr) {
    const bool is_lookout = lookout_ == &self;
    if (TakeUp(self)) {
      if (is_lookout) lookout_ = nullptr;
      Distribute();
      return true;
    }
    if (!queue_.empty() && (is_lookout || lookout_ == nullptr)) {
      LookOut(self);
      continue;
    }
    if (is_lookout) lookout_ = nullptr;
    if (!Idle(self)) return false;
  }
  return true;
}

// Takes the next of what waits, if the thread may. It keeps its seat from one work to the next.
bool Executor::TakeUp(Thread& self) {
  if (queue_.empty()) {
    if (std::exchange(self.has_seat, false)) --seats_taken_;
    return false;
  }
  if (!self.has_seat && seats_taken_ < width_) {
    self.has_seat = true;
    ++seats_taken_;
  }
  // Long work waits here only because there was no thread for it.
  if (!self.has_seat && !IsLong(*queue_.first())) return false;
  self.busy_since = std::chrono::steady_clock::now();
  self.work = queue_.PopFront();
  return true;
}

// Sleeps until work, or until somebody has had his seat for too long, whose run no longer counts as short then.
void Executor::LookOut(Thread& self) {
  lookout_ = &self;
  const auto holds_seat = [](const Thread& thread) { return thread.has_seat; };
  TimePoint earliest = TimePoint::max() - patience_;
  for (const Thread& thread : threads_) {
    if (holds_seat(thread)) earliest = std::min(earliest, thread.busy_since);
  }
  self.woken.WaitUntil(mutex_, earliest + patience_);
  const TimePoint now = std::chrono::steady_clock::now();
  for (Thread& thread : threads_) {
    if (!holds_seat(thread) || now - thread.busy_since < patience_) continue;
    thread.has_seat = false;
    --seats_taken_;
  }
}

// Returns when there may be something to do; false when the thread shall end.
bool Executor::Idle(Thread& self) {
  if (!std::exchange(self.is_idle, true)) idle_.push_back(&self);
  const TimePoint deadline = std::chrono::steady_clock::now() + idle_timeout_;
  bool in_time = true;
  while (self.is_idle && !stopping_ && (in_time || threads_.size() == 1)) {
    if (threads_.size() == 1) {
      self.woken.Wait(mutex_);  // the last one stays
    } else {
      in_time = self.woken.WaitUntil(mutex_, deadline);
    }
  }
  if (!self.is_idle) return true;
  std::erase(idle_, &self);
  return false;
}

}  // namespace neso
