#include "net/reactor/reactor_pool.h"

#include <algorithm>
#include <vector>

#include "base/event.h"
#include "neso/processors.h"

namespace neso::net {

ReactorPool::ReactorPool(Executor& executor, ReactorOptions options) : sentinel_(options.late_after) {
  if (options.groups == 0) options.groups = std::max<size_t>(UsableProcessors() / 2, 1);
  std::vector<ReactorGroup*> watched;
  for (size_t i = 0; i < options.groups; i++) {
    groups_.push_back(std::make_unique<ReactorGroup>(executor, sentinel_, options));
    watched.push_back(groups_.back().get());
  }
  sentinel_.Watch(std::move(watched));
}

ReactorGroup& ReactorPool::NextGroup() {
  ReactorGroup& next = *groups_[next_.fetch_add(1, std::memory_order_relaxed) % groups_.size()];
  // One that gets no thread leaves its connections to the first, which has the listeners and so a thread.
  return next.EnsureStarted() ? next : *groups_.front();
}

// Asked for a turn, it tells that the turn came.
class ReactorPool::Pulse final : public Pollable {
 public:
  void OnEvents(uint32_t, Top&) override { felt_.Set(); }
  bool WaitUntil(TimePoint deadline) { return felt_.WaitUntil(deadline); }

 private:
  Event felt_;
};

bool ReactorPool::Answers(Nanoseconds time) const {
  const TimePoint deadline = std::chrono::steady_clock::now() + time;
  std::vector<std::shared_ptr<Pulse>> pulses;
  for (const auto& group : groups_) {
    if (!group->IsStarted()) continue;
    pulses.push_back(std::make_shared<Pulse>());
    group->RequestTurn(pulses.back());
  }
  return std::all_of(pulses.begin(), pulses.end(), [&](const auto& pulse) { return pulse->WaitUntil(deadline); });
}

ReactorPool::~ReactorPool() {
  sentinel_.Stop();
  groups_.clear();
}

size_t ReactorPool::ThreadsForTest() const {
  size_t threads = 0;
  for (const auto& group : groups_) threads += group->ThreadsForTest();
  return threads;
}

}  // namespace neso::net
