// Running work on the thread that brought it, instead of waking another one.
//
// A front-end thread that is at the top of its loop (no lock held, outside every callback) opens an InlineHost. A
// scheduler that then finds work ready asks `InlineHost::Current()`: if there is a host, it defers itself to it, and
// the host runs it on this thread once everything read from the socket has been enqueued, so that a burst of requests
// becomes one batch. If there is none (a call through the C ABI, a backend's callback), the work goes to an executor.
#pragma once

#include "base/clock.h"

namespace neso {

// Work that can be run now or later, once per Defer/Post. Must stay alive until then: it holds itself by reference
// count.
class Runnable {
 public:
  static constexpr Nanoseconds kUnknown = Nanoseconds::max();

  virtual ~Runnable() = default;
  // Runs on the thread that took it, with no lock held.
  virtual void Run() = 0;
  // How long Run is expected to take, from past runs; decides whether a front-end thread may do it itself, and whether
  // others may wait for it.
  virtual Nanoseconds ExpectedDuration() const { return kUnknown; }

 private:
  friend class RunnableQueue;
  Runnable* next_ = nullptr;
};

class InlineHost {
 public:
  virtual ~InlineHost() = default;

  // The host of the calling thread, or null.
  static InlineHost* Current();
  // The host that the calling thread is, also while it runs deferred work; null if it is none.
  static InlineHost* OfThread();

  // Takes `work`, to run it when the current burst has been read, or passes it to an executor when no other thread of
  // its group can watch the sockets meanwhile. Thread-confined.
  virtual void Defer(Runnable* work) noexcept = 0;
  // The same for work that runs here, and is to go on after the next look at the sockets.
  virtual void DeferAgain(Runnable* work) noexcept = 0;

 protected:
  // Makes `host` (null: none) the calling thread's, and returns the former one. While a host runs deferred work, while
  // backend code runs and inside callbacks the current host is null.
  static InlineHost* Exchange(InlineHost* host);
  // From now on OfThread's, on the calling thread.
  static void SetOfThread(InlineHost* host);
  friend class NoInlineScope;
};

// Within the scope, nothing runs inline on this thread: around backend calls and user callbacks.
class NoInlineScope {
 public:
  NoInlineScope() : saved_(InlineHost::Exchange(nullptr)) {}
  ~NoInlineScope() { InlineHost::Exchange(saved_); }
  NoInlineScope(const NoInlineScope&) = delete;
  NoInlineScope& operator=(const NoInlineScope&) = delete;

 private:
  InlineHost* saved_;
};

}  // namespace neso
