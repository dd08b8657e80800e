// The thread that looks after the reactors: it sees leaders that are away too long, time limits, and idle memory.
//
// It ticks every few milliseconds only while requests flow, every second while a time limit or a warm buffer pool
// waits, and sleeps otherwise. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace neso::net {

class ReactorGroup;

// Something with time limits.
class Sweepable {
 public:
  virtual ~Sweepable() = default;
  // Ends what is over its time. True while there is something with a time limit.
  virtual bool Sweep(TimePoint now) = 0;
};

class ReactorSentinel {
 public:
  explicit ReactorSentinel(Nanoseconds tick) : tick_(tick) {}
  ~ReactorSentinel() { Stop(); }
  ReactorSentinel(const ReactorSentinel&) = delete;
  ReactorSentinel& operator=(const ReactorSentinel&) = delete;

  // The groups to watch, before anything else is called. They stay valid until Stop.
  void Watch(std::vector<ReactorGroup*> groups) { groups_ = std::move(groups); }
  void Stop();

  // A leader is about to call user code. Costs one load while the sentinel is awake.
  void NoteTraffic() {
    if (asleep_.load()) WakeUp();
  }

  // After RemoveSweepable returns no Sweep of it runs.
  void AddSweepable(Sweepable* sweepable, Nanoseconds period);
  void RemoveSweepable(Sweepable* sweepable);
  // A time limit was set: sweep until there is none.
  void RequestSweeps() {
    if (!sweeping_.load() && !sweeping_.exchange(true)) NoteTraffic();
  }

 private:
  void WakeUp();
  void ThreadMain();
  bool TickGroups();
  void Maintain(TimePoint now);

  const Nanoseconds tick_;
  std::vector<ReactorGroup*> groups_;
  std::atomic<bool> asleep_{true};
  std::atomic<bool> sweeping_{false};
  bool pools_warm_ = false;  // the thread's own

  Mutex mutex_;
  CondVar changed_;
  Mutex sweep_mutex_;  // held while sweeping
  std::vector<Sweepable*> sweepables_ GUARDED_BY(sweep_mutex_);
  std::atomic<int64_t> period_ns_{1'000'000'000};
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace neso::net
