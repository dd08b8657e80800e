// Threads for work that no front-end thread runs itself.
//
// Grows while all threads are busy and runnable work waits, up to a limit; idle threads retire, but for one: so that
// what is posted runs sooner or later, also where the system lets no thread be started any more. Otherwise no unit of
// work waits for another's thread: with the limit at least the number of model instances, a backend may block on nested
// calls.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <thread>

#include "base/clock.h"
#include "base/inline_host.h"
#include "base/mutex.h"

namespace neso {

// Thread-safe. The destructor waits for running and queued work.
class Executor {
 public:
  // `name` shows in the threads' names (15 characters at most). Throws std::system_error when not even the first thread
  // can be started.
  Executor(const char* name, size_t max_threads, Nanoseconds idle_timeout = std::chrono::seconds(2));
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // The limit follows the number of instances as models come and go. At least one thread is allowed.
  void SetMaxThreads(size_t max_threads);

  // An exception that leaves the work is logged and ends there: whoever is to hear of it catches it within.
  void Post(std::function<void()> work);
  // Runs `work->Run()`; `work` keeps itself alive until then.
  void Post(Runnable* work);

  size_t ThreadsForTest() const;

 private:
  using Threads = std::list<std::thread>;

  void ThreadMain(Threads::iterator self);
  bool StartThread() REQUIRES(mutex_);
  // Starts a thread if runnable work waits and none is idle.
  void GrowIfNeeded() REQUIRES(mutex_);
  // Waits for work. False when the calling thread shall end.
  bool WaitForWork() REQUIRES(mutex_);

  const char* const name_;
  const Nanoseconds idle_timeout_;
  mutable Mutex mutex_;
  CondVar work_came_;
  CondVar thread_ended_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  Threads threads_ GUARDED_BY(mutex_);
  Threads retired_ GUARDED_BY(mutex_);  // ended or about to; joined by whoever comes next
  size_t max_threads_ GUARDED_BY(mutex_);
  size_t idle_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace neso
