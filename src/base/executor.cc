#include "base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "base/exception_status.h"
#include "base/thread_start.h"

namespace neso {

Executor::Executor(const char* name, size_t max_threads, Nanoseconds idle_timeout)
    : name_(name), idle_timeout_(idle_timeout), max_threads_(std::max<size_t>(max_threads, 1)) {
  MutexLock lock(mutex_);
  if (!StartThread()) {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "cannot start a thread");
  }
}

Executor::~Executor() {
  Threads ended;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_came_.NotifyAll();
    while (!threads_.empty()) thread_ended_.Wait(mutex_);
    ended.swap(retired_);
  }
  for (std::thread& thread : ended) thread.join();
}

void Executor::SetMaxThreads(size_t max_threads) {
  MutexLock lock(mutex_);
  max_threads_ = std::max<size_t>(max_threads, 1);
  GrowIfNeeded();
}

void Executor::Post(std::function<void()> work) {
  Threads ended;  // joined after the lock is given back; they have nothing left to do
  {
    MutexLock lock(mutex_);
    queue_.push_back(std::move(work));
    GrowIfNeeded();
    ended.swap(retired_);
    // Within the lock: the work may be what the executor's end waits for, and then there is nobody left to notify.
    work_came_.NotifyOne();
  }
  for (std::thread& thread : ended) thread.join();
}

void Executor::Post(Runnable* work) {
  Post([work] { work->Run(); });
}

size_t Executor::ThreadsForTest() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void Executor::GrowIfNeeded() {
  // Idle threads that were notified still count as idle until they run; so compare with all that waits.
  while (queue_.size() > idle_ && threads_.size() < max_threads_) {
    if (!StartThread()) return;  // the next post tries again; until then the work waits for a thread
  }
}

bool Executor::StartThread() {
  try {
    threads_.emplace_back();
  } catch (const std::bad_alloc&) {
    return false;  // not an error of what was just queued, which runs nevertheless
  }
  const auto self = std::prev(threads_.end());
  if (!TryStartThread(*self, name_, [this, self] { ThreadMain(self); })) {
    threads_.erase(self);
    return false;
  }
  idle_++;  // it counts as idle until it takes work, so that one post starts one thread
  return true;
}

bool Executor::WaitForWork() {
  const auto deadline = std::chrono::steady_clock::now() + idle_timeout_;
  while (queue_.empty()) {
    if (stopping_) return false;
    if (threads_.size() == 1) {
      work_came_.Wait(mutex_);  // the last one stays
    } else if (!work_came_.WaitUntil(mutex_, deadline) && queue_.empty() && threads_.size() > 1) {
      return false;
    }
  }
  return true;
}

void Executor::ThreadMain(Threads::iterator self) {
  pthread_setname_np(pthread_self(), name_);
  MutexLock lock(mutex_);
  while (WaitForWork()) {
    idle_--;
    {
      std::function<void()> work = std::move(queue_.front());
      queue_.pop_front();
      lock.Unlock();
      try {
        work();
      } catch (...) {
        LogException(name_);
      }
    }
    lock.Lock();
    idle_++;
  }
  idle_--;
  retired_.splice(retired_.end(), threads_, self);
  thread_ended_.NotifyAll();
}

}  // namespace neso
