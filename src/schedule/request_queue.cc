#include "schedule/request_queue.h"

#include <algorithm>

#include "base/saturating.h"
#include "base/text.h"

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

// What the parameter of that name says, as text; empty where it is missing: who names no client is one, too. It may be a
// header, whose case means nothing, and which stands behind the parameters of the body: what a proxy has set counts.
std::string ClientOf(const InferenceRequest& request, const std::string& parameter) {
  std::string client;
  for (const NamedParameter& given : request.parameters()) {
    if (!EqualsIgnoreCaseAscii(given.name, parameter)) continue;
    if (const auto* text = std::get_if<std::string>(&given.value)) client = *text;
    if (const auto* number = std::get_if<int64_t>(&given.value)) client = std::to_string(*number);
  }
  return client;
}

}  // namespace

RequestQueue::RequestQueue(std::span<const QueuePolicy> levels, std::string fair_share_by)
    : fair_share_by_(std::move(fair_share_by)),
      places_(fair_share_by_.empty() ? nullptr : std::make_unique<const ClientPlaces>()) {
  for (const QueuePolicy& policy : levels) {
    levels_.push_back({.policy = policy, .waiting = WaitingLine<Entry>(places_ != nullptr), .delayed = {}});
  }
}

RequestQueue::~RequestQueue() {
  std::vector<InferenceRequest*> left;
  Take(size_, left);
  for (InferenceRequest* request : left) delete request;
}

Status RequestQueue::ExceedsMaximumSize(const InferenceRequest& request) {
  return Unavailable("{}Exceeds maximum queue size", request.LogPrefix());
}

Status RequestQueue::Push(std::unique_ptr<InferenceRequest>& request, TimePoint now,
                          std::unique_ptr<InferenceRequest>* displaced) {
  // Validation has chosen a level; without levels the priority is 0.
  const uint64_t priority = std::clamp<uint64_t>(request->priority(), 1, levels_.size());
  Level& level = levels_[priority - 1];
  const uint32_t limit = level.policy.max_queue_size;
  const size_t place = places_ == nullptr ? 0 : places_->PlaceOf(ClientOf(*request, fair_share_by_));
  if (limit != 0 && level.waiting.size() + level.delayed.size() >= limit) {
    Entry removed;
    if (displaced == nullptr || !level.waiting.MakeRoom(place, removed)) {
      return ExceedsMaximumSize(*request);
    }
    Forget(removed);
    displaced->reset(removed.request);
  }
  Entry entry{.queued_at = now,
              .deadline = DeadlineOf(*request, level.policy, now),
              .rows = request->batch_size(),
              .number = ++came_};
  entry.request = request.get();
  level.waiting.Push(place, entry);  // first, since it may find no memory: then the request is the caller's still
  (void)request.release();
  ++size_;
  rows_ += entry.rows;
  next_deadline_ = std::min(next_deadline_, entry.deadline);
  return {};
}

void RequestQueue::Peek(size_t max_count, std::vector<Entry>& entries) const {
  entries.clear();
  const auto add = [&](const Entry& entry) {
    if (entries.size() == max_count) return false;
    entries.push_back(entry);
    return true;
  };
  for (const Level& level : levels_) {
    if (!level.waiting.ForEach(add)) return;
    for (size_t i = 0; i < level.delayed.size(); ++i) {
      if (!add(level.delayed[i])) return;
    }
  }
}

void RequestQueue::Take(size_t count, std::vector<InferenceRequest*>& taken) {
  taken.reserve(taken.size() + std::min(count, size_));  // what has left the queue must find its place
  const auto take = [&](const Entry& entry) {
    Forget(entry);
    taken.push_back(entry.request);
  };
  for (Level& level : levels_) {
    for (; count > 0 && !level.waiting.empty(); --count) take(level.waiting.Pop());
    for (; count > 0 && !level.delayed.empty(); --count) take(level.delayed.pop_front());
  }
  if (size_ == 0) next_deadline_ = TimePoint::max();
}

void RequestQueue::TakeAt(std::span<const size_t> indexes, std::vector<InferenceRequest*>& taken) {
  const auto take = [&](const Entry& entry) {
    Forget(entry);
    taken.push_back(entry.request);
  };
  size_t begin = 0;  // the number of the first entry of a queue
  // Which entries of the queue with so many leave.
  const auto leaving = [&](size_t size) -> std::span<const size_t> {
    leaving_.clear();
    for (; !indexes.empty() && indexes.front() < begin + size; indexes = indexes.subspan(1)) {
      leaving_.push_back(indexes.front() - begin);
    }
    begin += size;
    return leaving_;
  };
  for (Level& level : levels_) {
    if (indexes.empty()) break;
    level.waiting.TakeAt(leaving(level.waiting.size()), take);
    const std::span<const size_t> delayed = leaving(level.delayed.size());
    for (const size_t index : delayed) take(level.delayed[index]);
    level.delayed.EraseAt(delayed);
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
  if (!level.expires_in_order()) {
    level.waiting.EraseIf([&](const Entry& entry) {
      if (entry.deadline > now) return false;
      expire(entry);
      return true;
    });
    return;
  }
  // All have the same timeout, so they expire in order.
  while (!level.waiting.empty() && level.waiting.front().deadline <= now) expire(level.waiting.Pop());
}

void RequestQueue::FindNextDeadline() {
  next_deadline_ = TimePoint::max();
  for (const Level& level : levels_) {
    level.waiting.ForEach([&](const Entry& entry) {
      next_deadline_ = std::min(next_deadline_, entry.deadline);
      return !level.expires_in_order();
    });
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
