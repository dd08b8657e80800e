// Threads for work that no front-end thread runs itself.
//
//   Executor executor("neso-execute", 4096);
//   executor.Post(slot);                                              // a Runnable
//   if (!executor.Post([self] { self->Sweep(); })) ...                // memory is out
//
// Short work runs one after the other, on no more threads than there are processors: more of them would only take
// turns. Work that is known to be long gets a thread of its own at once. Work that turns out to be long stops counting
// as soon as it has kept its thread for longer than a moment, and another thread goes on with what waits. So no work
// waits for another's end for longer than that moment, and a backend may block on nested calls, as long as the limit is
// at least the number of model instances.
//
// Idle threads retire, but for one: so that what is posted runs sooner or later, also where the system lets no thread
// be started any more.
#pragma once

#include <concepts>
#include <cstddef>
#include <list>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/inline_host.h"
#include "base/mutex.h"
#include "base/runnable_queue.h"

namespace neso {

struct ExecutorOptions {
  size_t width = 0;                                     // threads for short work; 0: one a processor
  Nanoseconds patience = std::chrono::milliseconds(2);  // how long others wait for work that was thought short
  Nanoseconds idle_timeout = std::chrono::seconds(2);
};

// Thread-safe. The destructor waits for running and queued work.
class Executor {
 public:
  // Work that is expected to take longer does not make others wait.
  static constexpr Nanoseconds kLong = std::chrono::microseconds(200);

  // `name` shows in the threads' names (15 characters at most). Throws std::system_error when not even the first thread
  // can be started.
  Executor(const char* name, size_t max_threads, const ExecutorOptions& options = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `work->Run()`; `work` keeps itself alive until then. An exception that leaves it is logged and ends there:
  // whoever is to hear of it catches it within.
  void Post(Runnable* work) noexcept;
  // Runs a function object, once. False when there is no memory to keep it; it is then as before.
  template <std::invocable Function>
  [[nodiscard]] bool Post(Function&& function) noexcept;

  // Something waits for a thread: long runs of short pieces may be interrupted for it.
  bool HasWaiting() const;
  size_t ThreadsForTest() const;

 private:
  // A thread needs a seat to run what is not known to be long; there are `width_` of them.
  struct Thread {
    std::thread thread;
    CondVar woken;             // with the executor's mutex, which guards the rest
    Runnable* work = nullptr;  // given to it, not yet taken up
    bool has_seat = false;
    bool is_idle = true;  // it is in idle_
    TimePoint busy_since{};
  };
  using Threads = std::list<Thread>;

  void ThreadMain(Threads::iterator self);
  // Waits until self.work is there. False when the thread shall end.
  bool AwaitWork(Thread& self) REQUIRES(mutex_);
  bool TakeUp(Thread& self) REQUIRES(mutex_);
  bool Idle(Thread& self) REQUIRES(mutex_);
  void LookOut(Thread& self) REQUIRES(mutex_);
  // Brings what waits to threads, as far as there are seats; the rest gets a look-out.
  void Distribute() REQUIRES(mutex_);
  void Give(Thread& thread, Runnable* work, bool with_seat) REQUIRES(mutex_);
  // An idle or a new thread, which is told what for by the caller; null: none.
  Thread* FreeThread() REQUIRES(mutex_);
  Thread* StartThread() REQUIRES(mutex_);

  const char* const name_;
  const size_t max_threads_;
  const size_t width_;
  const Nanoseconds patience_;
  const Nanoseconds idle_timeout_;
  mutable Mutex mutex_;
  CondVar thread_ended_;
  RunnableQueue queue_ GUARDED_BY(mutex_);
  Threads threads_ GUARDED_BY(mutex_);
  Threads retired_ GUARDED_BY(mutex_);            // ended or about to; joined by whoever comes next
  std::vector<Thread*> idle_ GUARDED_BY(mutex_);  // the last one has slept least
  size_t seats_taken_ GUARDED_BY(mutex_) = 0;
  Thread* lookout_ GUARDED_BY(mutex_) = nullptr;  // sees to it that what waits does not wait for long work
  bool stopping_ GUARDED_BY(mutex_) = false;
};

template <std::invocable Function>
bool Executor::Post(Function&& function) noexcept {
  using Kept = std::decay_t<Function>;
  static_assert(std::is_nothrow_constructible_v<Kept, Function>, "move the function in: a copy of it may throw");
  class Work final : public Runnable {
   public:
    explicit Work(Function&& function) noexcept : function_(std::forward<Function>(function)) {}
    void Run() override {
      const std::unique_ptr<Work> self(this);
      function_();
    }

   private:
    Kept function_;
  };
  Runnable* const work = new (std::nothrow) Work(std::forward<Function>(function));
  if (work == nullptr) return false;
  Post(work);
  return true;
}

}  // namespace neso
