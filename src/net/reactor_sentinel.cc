#include "net/reactor_sentinel.h"

#include <pthread.h>

#include <algorithm>

#include "base/buffer.h"
#include "net/reactor_group.h"

namespace neso::net {
namespace {
// Ticks without traffic before it sleeps: waking it costs as much as a few ticks.
constexpr int kQuietTicks = 5;
}  // namespace

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
  if (!thread_.joinable()) thread_ = std::thread([this] { ThreadMain(); });
  changed_.NotifyOne();
}

void ReactorSentinel::AddSweepable(Sweepable* sweepable, Nanoseconds period) {
  MutexLock lock(sweep_mutex_);
  sweepables_.push_back(sweepable);
  period_ns_ = std::min(period_ns_.load(), static_cast<int64_t>(period.count()));
}

void ReactorSentinel::RemoveSweepable(Sweepable* sweepable) {
  MutexLock lock(sweep_mutex_);
  std::erase(sweepables_, sweepable);
}

void ReactorSentinel::ThreadMain() {
  pthread_setname_np(pthread_self(), "neso-sentinel");
  int quiet_ticks = 0;
  TimePoint next_maintenance = std::chrono::steady_clock::now() + Nanoseconds(period_ns_);
  MutexLock lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    lock.Unlock();
    const TimePoint now = std::chrono::steady_clock::now();
    const bool traffic = TickGroups();
    quiet_ticks = traffic ? 0 : quiet_ticks + 1;
    if (traffic) pools_warm_ = true;
    if (now >= next_maintenance) {
      Maintain(now);
      next_maintenance = now + Nanoseconds(period_ns_);
    }
    lock.Lock();
    if (stopping_) break;
    if (quiet_ticks < kQuietTicks) {
      changed_.WaitUntil(mutex_, now + tick_);
      continue;
    }
    // Traffic that starts before `asleep_` is seen is seen here; traffic that starts later wakes us.
    asleep_ = true;
    if (!std::all_of(groups_.begin(), groups_.end(), [](const ReactorGroup* group) { return group->IsQuiet(); })) {
      asleep_ = false;
      quiet_ticks = 0;
      continue;
    }
    bool in_time = true;
    while (!woken_ && !stopping_ && in_time) {
      if (sweeping_ || pools_warm_) {
        in_time = changed_.WaitUntil(mutex_, next_maintenance);
      } else {
        changed_.Wait(mutex_);
        next_maintenance = std::chrono::steady_clock::now() + Nanoseconds(period_ns_);
      }
    }
    asleep_ = false;
    if (woken_) quiet_ticks = 0;
  }
}

bool ReactorSentinel::TickGroups() {
  bool traffic = false;
  for (ReactorGroup* group : groups_) traffic |= group->Tick();
  return traffic;
}

void ReactorSentinel::Maintain(TimePoint now) {
  pools_warm_ = Buffer::DecayPools();
  if (!sweeping_.exchange(false)) return;
  MutexLock lock(sweep_mutex_);
  bool more = false;
  for (Sweepable* sweepable : sweepables_) more |= sweepable->Sweep(now);
  if (more) sweeping_ = true;
}

}  // namespace neso::net
