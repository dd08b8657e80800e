// The thread that looks after the reactors: it sees leaders that are away too long, time limits, and idle memory.
//
// It ticks every few milliseconds only while requests flow, every second while a buffer pool is warm, wakes for the
// earliest time limit, and sleeps otherwise. Thread-safe.
#pragma once

#include <algorithm>
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
  // Ends what is over its time. When the next will be; TimePoint::max() if nothing has a time limit.
  virtual TimePoint Sweep(TimePoint now) = 0;
};

class ReactorSentinel {
 public:
  explicit ReactorSentinel(Nanoseconds tick) : tick_(tick) {}
  ~ReactorSentinel() { Stop(); }
  ReactorSentinel(const ReactorSentinel&) = delete;
  ReactorSentinel& operator=(const ReactorSentinel&) = delete;

  // The groups to watch, before anything else is called. They stay valid until Stop. Starts the thread; throws
  // std::system_error when it cannot.
  void Watch(std::vector<ReactorGroup*> groups);
  void Stop();

  // A leader is about to call user code. Costs one load while the sentinel is awake.
  void NoteTraffic() {
    if (asleep_.load()) WakeUp();
  }

  // After RemoveSweepable returns no Sweep of it runs.
  void AddSweepable(Sweepable* sweepable);
  void RemoveSweepable(Sweepable* sweepable);
  // Something is over its time at `limit`, which a sweep can see already: one follows then. Time limits are mostly set
  // behind one that is waited for, and lifted before; so one load is the usual cost.
  void RequestSweep(TimePoint limit) {
    const int64_t limit_ns = limit.time_since_epoch().count();
    if (limit_ns < next_sweep_ns_.load()) SweepEarlier(limit_ns);
  }
  // Much was freed: malloc shall give it back to the system, soon.
  void RequestTrim() {
    trim_wanted_ = true;
    NoteTraffic();
  }

 private:
  void WakeUp();
  void SweepEarlier(int64_t limit_ns);
  void ThreadMain();
  bool TickGroups();
  void Sweep();
  TimePoint NextSweep() const { return std::max(TimePoint(Nanoseconds(next_sweep_ns_)), not_before_); }

  const Nanoseconds tick_;
  std::vector<ReactorGroup*> groups_;
  std::atomic<bool> asleep_{true};
  std::atomic<int64_t> next_sweep_ns_{INT64_MAX};
  std::atomic<bool> trim_wanted_{false};
  // The thread's own:
  bool pools_warm_ = false;
  bool trim_next_ = false;  // the reactors have been asked for their blocks
  TimePoint next_decay_{};
  TimePoint not_before_{};  // of the next sweep, so that sweeps do not take a processor of their own

  Mutex mutex_;
  CondVar changed_;
  Mutex sweep_mutex_;  // held while sweeping
  std::vector<Sweepable*> sweepables_ GUARDED_BY(sweep_mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace neso::net
