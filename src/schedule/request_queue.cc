#include "schedule/request_queue.h"

#include <algorithm>

#include "base/saturating.h"

namespace neso {
namespace {

TimePoint DeadlineOf(const InferenceRequest& request, const QueuePolicy& policy, TimePoint now) {
  Nanoseconds timeout = policy.default_timeout;
  if (timeout <= Nanoseconds(0)) return TimePoint::max();
  const uint64_t asked_us = request.timeout_us();
  if (policy.allow_timeout_override && asked_us != 0) {
    const auto default_us =
        static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(timeout).count());
    if (asked_us < default_us) timeout = std::chrono::microseconds(asked_us);
  }
  return After(now, timeout);
}

}  // namespace

RequestQueue::RequestQueue(std::span<const QueuePolicy> levels) {
  for (const QueuePolicy& policy : levels) levels_.emplace_back().policy = policy;
}

RequestQueue::~RequestQueue() {
  std::vector<InferenceRequest*> left;
  Take(size_, left);
  for (InferenceRequest* request : left) delete request;
}

Status RequestQueue::Push(std::unique_ptr<InferenceRequest>& request, TimePoint now) {
  // Validation has chosen a level; without levels the priority is 0.
  const uint64_t priority = std::clamp<uint64_t>(request->priority(), 1, levels_.size());
  Level& level = levels_[priority - 1];
  const uint32_t limit = level.policy.max_queue_size;
  if (limit != 0 && level.waiting.size() + level.delayed.size() >= limit) {
    return Unavailable("{}Exceeds maximum queue size", request->LogPrefix());
  }
  Entry entry{.queued_at = now,
              .deadline = DeadlineOf(*request, level.policy, now),
              .rows = request->batch_size(),
              .number = ++came_};
  entry.request = request.release();
  ++size_;
  rows_ += entry.rows;
  next_deadline_ = std::min(next_deadline_, entry.deadline);
  level.waiting.push_back(entry);
  return {};
}

void RequestQueue::Peek(size_t max_count, std::vector<Entry>& entries) const {
  entries.clear();
  for (const Level& level : levels_) {
    for (const RingQueue<Entry>* queue : {&level.waiting, &level.delayed}) {
      for (size_t i = 0; i < queue->size(); ++i) {
        if (entries.size() == max_count) return;
        entries.push_back((*queue)[i]);
      }
    }
  }
}

void RequestQueue::Take(size_t count, std::vector<InferenceRequest*>& taken) {
  for (Level& level : levels_) {
    for (RingQueue<Entry>* queue : {&level.waiting, &level.delayed}) {
      for (; count > 0 && !queue->empty(); --count) {
        const Entry entry = queue->pop_front();
        Forget(entry);
        taken.push_back(entry.request);
      }
    }
  }
  if (size_ == 0) next_deadline_ = TimePoint::max();
}

void RequestQueue::TakeAt(std::span<const size_t> indexes, std::vector<InferenceRequest*>& taken) {
  size_t begin = 0;  // the number of the first entry of `queue`
  for (Level& level : levels_) {
    for (RingQueue<Entry>* queue : {&level.waiting, &level.delayed}) {
      const size_t end = begin + queue->size();
      leaving_.clear();
      for (; !indexes.empty() && indexes.front() < end; indexes = indexes.subspan(1)) {
        const Entry& entry = (*queue)[indexes.front() - begin];
        leaving_.push_back(indexes.front() - begin);
        taken.push_back(entry.request);
        Forget(entry);
      }
      queue->EraseAt(leaving_);
      if (indexes.empty()) break;
      begin = end;
    }
    if (indexes.empty()) break;
  }
  if (size_ == 0) next_deadline_ = TimePoint::max();
}

void RequestQueue::Expire(TimePoint now, std::vector<InferenceRequest*>& rejected) {
  if (now < next_deadline_) return;
  for (Level& level : levels_) ExpireLevel(level, now, rejected);
  FindNextDeadline();
}

void RequestQueue::ExpireLevel(Level& level, TimePoint now, std::vector<InferenceRequest*>& rejected) {
  const auto expire = [&](Entry entry) {
    if (level.policy.delay_expired) {
      entry.deadline = TimePoint::max();
      level.delayed.push_back(entry);
    } else {
      Forget(entry);
      rejected.push_back(entry.request);
    }
  };
  if (level.policy.allow_timeout_override) {
    level.waiting.EraseIf([&](const Entry& entry) {
      if (entry.deadline > now) return false;
      expire(entry);
      return true;
    });
    return;
  }
  // All have the same timeout, so they expire in order.
  while (!level.waiting.empty() && level.waiting.front().deadline <= now) expire(level.waiting.pop_front());
}

void RequestQueue::FindNextDeadline() {
  next_deadline_ = TimePoint::max();
  for (const Level& level : levels_) {
    const size_t looked_at =
        level.policy.allow_timeout_override ? level.waiting.size() : std::min<size_t>(level.waiting.size(), 1);
    for (size_t i = 0; i < looked_at; ++i) next_deadline_ = std::min(next_deadline_, level.waiting[i].deadline);
  }
}

void RequestQueue::TakeCancelled(std::vector<InferenceRequest*>& cancelled) {
  const auto take = [&](const Entry& entry) {
    if (!entry.request->IsCancelled()) return false;
    Forget(entry);
    cancelled.push_back(entry.request);
    return true;
  };
  for (Level& level : levels_) {
    level.waiting.EraseIf(take);
    level.delayed.EraseIf(take);
  }
}

}  // namespace neso
