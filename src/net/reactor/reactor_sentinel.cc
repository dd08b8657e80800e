#include "net/reactor/reactor_sentinel.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/buffer.h"
#include "base/exception_status.h"
#include "net/reactor/reactor_group.h"

namespace neso::net {
namespace {
// Ticks without traffic before it sleeps: waking it costs as much as a few ticks.
constexpr int kQuietTicks = 5;
constexpr std::chrono::seconds kDecayPeriod{1};
// A sweep of ten thousand connections takes about a millisecond. Twenty times that long there is no other.
constexpr int kSweepPause = 20;

TimePoint SweepOne(Sweepable& sweepable, TimePoint now) {
  try {
    return sweepable.Sweep(now);
  } catch (...) {
    LogException("the sentinel");
    return now + std::chrono::seconds(1);  // what it has not come to
  }
}
}  // namespace

void ReactorSentinel::Watch(std::vector<ReactorGroup*> groups) {
  groups_ = std::move(groups);
  asleep_ = false;
  MutexLock lock(mutex_);
  thread_ = std::thread([this] { ThreadMain(); });
}

void ReactorSentinel::Stop() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    thread.swap(thread_);
  }
  changed_.NotifyOne();
  if (thread.joinable()) thread.join();
}

void ReactorSentinel::WakeUp() {
  if (!asleep_.exchange(false)) return;
  MutexLock lock(mutex_);
  if (stopping_) return;
  woken_ = true;
  changed_.NotifyOne();
}

void ReactorSentinel::SweepEarlier(int64_t limit_ns) {
  int64_t planned = next_sweep_ns_.load();
  while (limit_ns < planned && !next_sweep_ns_.compare_exchange_weak(planned, limit_ns)) {
  }
  NoteTraffic();
}

void ReactorSentinel::AddSweepable(Sweepable* sweepable) {
  MutexLock lock(sweep_mutex_);
  sweepables_.push_back(sweepable);
}

void ReactorSentinel::RemoveSweepable(Sweepable* sweepable) {
  MutexLock lock(sweep_mutex_);
  std::erase(sweepables_, sweepable);
}

void ReactorSentinel::ThreadMain() {
  pthread_setname_np(pthread_self(), "neso-sentinel");
  int quiet_ticks = 0;
  TimePoint next_tick{};
  MutexLock lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    lock.Unlock();
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= next_tick) {
      const bool traffic = TickGroups();
      quiet_ticks = traffic ? 0 : quiet_ticks + 1;
      if (traffic) pools_warm_ = true;
      next_tick = now + tick_;
    }
    if (now >= next_decay_) {
      pools_warm_ = Buffer::DecayPools();
      if (std::exchange(trim_next_, false)) malloc_trim(0);
      if (trim_wanted_.exchange(false)) {
        for (ReactorGroup* group : groups_) group->RequestDropBlocks();
        trim_next_ = true;
      }
      next_decay_ = now + kDecayPeriod;
    }
    if (now >= NextSweep()) Sweep();
    lock.Lock();
    if (stopping_) break;
    if (quiet_ticks < kQuietTicks) {
      changed_.WaitUntil(mutex_, std::min(next_tick, NextSweep()));
      continue;
    }
    // Traffic that starts, or a time limit that is set, before `asleep_` is seen is seen here; later it wakes us.
    asleep_ = true;
    if (!std::all_of(groups_.begin(), groups_.end(), [](const ReactorGroup* group) { return group->IsQuiet(); })) {
      asleep_ = false;
      quiet_ticks = 0;
      continue;
    }
    bool in_time = true;
    while (!woken_ && !stopping_ && in_time) {
      const TimePoint due =
          pools_warm_ || trim_wanted_ || trim_next_ ? std::min(next_decay_, NextSweep()) : NextSweep();
      if (due != TimePoint::max()) {
        in_time = changed_.WaitUntil(mutex_, due);
      } else {
        changed_.Wait(mutex_);
      }
    }
    asleep_ = false;
    if (woken_) quiet_ticks = 0;
  }
}

bool ReactorSentinel::TickGroups() {
  bool traffic = false;
  for (ReactorGroup* group : groups_) {
    try {
      traffic |= group->Tick();
    } catch (...) {
      LogException("the sentinel");
    }
  }
  return traffic;
}

void ReactorSentinel::Sweep() {
  // Limits that are set from here on ask for themselves.
  next_sweep_ns_ = INT64_MAX;
  const TimePoint begin = std::chrono::steady_clock::now();
  TimePoint next = TimePoint::max();
  {
    MutexLock lock(sweep_mutex_);
    for (Sweepable* sweepable : sweepables_) next = std::min(next, SweepOne(*sweepable, begin));
  }
  const TimePoint end = std::chrono::steady_clock::now();
  not_before_ = end + kSweepPause * (end - begin);
  RequestSweep(next);
}

}  // namespace neso::net
