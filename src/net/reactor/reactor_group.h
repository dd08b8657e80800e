// One epoll set and the few threads that take turns waiting on it (leader/followers).
//
// The leader waits for events, reads and dispatches what came, and then runs the inference itself. Short work it does
// while nobody waits on the sockets; before long work it makes a parked follower the leader, so that resets, pings and
// other connections are seen meanwhile. If work that was thought short turns out long, the sentinel promotes a
// follower, and gives the executor what waits behind that work.
//
// Thread-safe. The destructor stops and joins the threads; every descriptor must have been removed before.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "base/status.h"
#include "net/reactor/pollable_queue.h"
#include "net/reactor/reactor_top.h"

namespace neso::net {

class ReactorSentinel;

struct ReactorOptions {
  size_t groups = 0;                                           // 0: one for two cores
  size_t threads_per_group = 4;                                // for long work; surprises may add more
  Nanoseconds short_work = std::chrono::microseconds(200);     // run without promoting a follower
  Nanoseconds burst = std::chrono::milliseconds(1);            // of short works, until the sockets are looked at again
  Nanoseconds late_after = std::chrono::milliseconds(3);       // the sentinel's tick
  Nanoseconds thread_idle_timeout = std::chrono::seconds(10);  // of parked followers
};

class ReactorGroup {
 public:
  ReactorGroup(Executor& executor, ReactorSentinel& sentinel, const ReactorOptions& options);
  ~ReactorGroup();
  ReactorGroup(const ReactorGroup&) = delete;
  ReactorGroup& operator=(const ReactorGroup&) = delete;

  // Starts the first thread, without which nobody waits for events. False when the system has none left.
  bool EnsureStarted();
  // Watches `fd` for `events` (epoll's bits). The caller keeps `pollable` alive until it calls Remove. Error:
  // kUnavailable.
  Status Add(int fd, uint32_t events, Pollable* pollable);
  // Ends the watch; `kept` is let go once no thread can hold an event for it any more.
  void Remove(int fd, std::shared_ptr<Pollable> kept) noexcept;
  // Calls pollable->OnEvents(0) at the top of a network thread, soon, and once for all requests until then.
  void RequestTurn(std::shared_ptr<Pollable> pollable) noexcept;
  // The same, and hands over what the caller owns of it: `handed` is set, and whoever clears it owns it from then on. The
  // group stays until this returns, whatever the new owner ends.
  void HandOver(std::shared_ptr<Pollable> pollable, std::atomic<bool>& handed) noexcept;

  // Somebody waits for events.
  bool IsStarted() const;
  // The sentinel's tick: promotes a follower if the leader has been away since the last tick. True while there is
  // traffic.
  bool Tick();
  // A crowd has left: the threads give back the small blocks that they keep, soon.
  void RequestDropBlocks();
  // A thread waits for events, or none has been started.
  bool IsQuiet() const { return waiting_.load() > 0 || leader_.load() == nullptr; }

  size_t ThreadsForTest() const;

 private:
  static constexpr int kEventsPerRound = 64;
  struct Thread;
  using Threads = std::list<Thread>;

  bool StartLeader() REQUIRES(mutex_);
  void ThreadMain(Threads::iterator self);
  // Returns when `self` is the leader; false when it shall end.
  bool WaitToLead(Threads::iterator self);
  void Round(Thread& self);
  void DropIfWanted(Thread& self);
  // One event, or turn, and what is due at once. An exception is its pollable's.
  void Dispatch(Thread& self, Pollable& pollable, uint32_t events);
  void RunTurns(Thread& self);
  std::shared_ptr<Pollable> TakeTurn();
  void RunDue(Thread& self);
  void RunDeferred(Thread& self);
  void PassOnStalled();
  bool LeaderIsAway() const;
  // Gives the lead to another thread, unless `from` has lost it already. False when no thread is free and `max_threads`
  // are there.
  bool Promote(const Thread* from, size_t max_threads);
  void Reclaim();
  // The next that was removed, if no thread can have it any more.
  std::shared_ptr<Pollable> TakeFree();
  void Uncork(const Thread* away);
  void Wake();

  Executor& executor_;
  ReactorSentinel& sentinel_;
  const ReactorOptions options_;
  const int epoll_fd_;
  const int wake_fd_;

  // Grows with every look at the events.
  std::atomic<uint64_t> rounds_{0};
  // Threads that wait for events: the leader, and beside it who lost the lead on the way there. Each counts itself before
  // it looks whether turns are asked for, and who asks for one looks at the count afterwards: either sees the other.
  std::atomic<int> waiting_{0};
  uint64_t rounds_at_last_tick_ = 0;  // the sentinel's
  std::atomic<Thread*> leader_{nullptr};
  std::atomic<bool> promotion_under_way_{false};  // the leader has not yet noticed that it leads
  std::atomic<bool> stopping_{false};

  // Grace periods for removed pollables. An event is a bare pointer, and a thread may have taken one from the kernel
  // just before its descriptor was removed; a reference for each event would be a shared counter that all threads
  // write. Instead a thread notes the epoch before it asks for events and clears its note when it has handled them.
  // Remove takes the descriptor out of the epoll set first and begins a new epoch then, so a thread whose note is that
  // epoch or a later one asked after the removal and cannot have the pointer: what was removed at epoch e is free when
  // every note is e or later. Threads that wait for work of theirs hold no note, and delay nothing.
  std::atomic<uint64_t> epoch_{1};
  std::atomic<size_t> limbo_size_{0};
  std::atomic<size_t> turns_size_{0};
  std::atomic<uint64_t> drops_wanted_{0};  // how often all threads were asked for their blocks

  mutable Mutex mutex_;
  CondVar thread_ended_;
  Threads threads_ GUARDED_BY(mutex_);
  Threads retired_ GUARDED_BY(mutex_);
  std::vector<Thread*> parked_ GUARDED_BY(mutex_);
  PollableQueue<&Pollable::limbo_> limbo_ GUARDED_BY(mutex_);
  PollableQueue<&Pollable::turn_> turns_ GUARDED_BY(mutex_);
};

}  // namespace neso::net
