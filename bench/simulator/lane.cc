#include "lane.h"

#include <algorithm>

#include "base/check.h"

namespace neso::simulator {

BatchDecision QueueLane::Decide(TimePoint now) {
  queue_.Peek(size_t{batching().max_batch_size} + 1, front_);
  candidates_.clear();
  for (const RequestQueue::Entry& entry : front_) candidates_.push_back({entry.rows, entry.queued_at});
  BatchIncludes includes;
  if (compatibility_.is_needed()) {
    includes = [this](size_t i) { return compatibility_.CanShare(*front_[0].request, *front_[i].request); };
  }
  return PickBatch(candidates_, batching(), now, includes);
}

TimePoint QueueLane::Take(TimePoint now, Batch& batch) {
  queue_.Expire(now, batch.expired);
  const BatchDecision decision = Decide(now);
  if (decision.kind == BatchDecision::Kind::kTake) {
    if (tuner_) batch.NoteWaits(std::span(front_).first(decision.count), now);
    queue_.Take(decision.count, batch.requests);
  }
  const TimePoint until = decision.kind == BatchDecision::Kind::kWait ? decision.until : TimePoint::max();
  return std::min(until, queue_.next_deadline());
}

Status SlotLane::Accept(std::unique_ptr<InferenceRequest>& request, size_t slot, TimePoint now,
                        std::unique_ptr<InferenceRequest>&) {
  if (slot >= slots_.size()) slots_.resize(slot + 1);
  CHECK(slots_[slot].request == nullptr, "a sequence has one request in its lane at a time");
  slots_[slot] = {request.release(), now};
  ++ready_;
  return {};
}

TimePoint SlotLane::Take(TimePoint now, Batch& batch) {
  const Waiting* first = nullptr;
  for (const Waiting& waiting : slots_) {
    if (waiting.request != nullptr && (first == nullptr || waiting.since < first->since)) first = &waiting;
  }
  const SlotsDecision decision =
      DecideSlots(ready_, first == nullptr ? TimePoint::max() : first->since, strategy_, now);
  if (decision.kind == SlotsDecision::Kind::kWait) return decision.until;
  if (decision.kind == SlotsDecision::Kind::kNothing) return TimePoint::max();
  const auto is_ready = [this](size_t i) { return slots_[i].request != nullptr; };
  const auto fits = [this, &like = *first->request](size_t i) {
    return !compatibility_.is_needed() || slots_[i].request == &like ||
           compatibility_.CanShare(like, *slots_[i].request);
  };
  ArrangeSlots(slots_.size(), is_ready, fits, rows_);
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i]) continue;
    batch.requests.push_back(std::exchange(slots_[i].request, nullptr));
    --ready_;
  }
  return TimePoint::max();
}

void SlotLane::TakeCancelled(Batch& batch) {
  for (Waiting& waiting : slots_) {
    if (waiting.request == nullptr || !waiting.request->IsCancelled()) continue;
    batch.cancelled.push_back(std::exchange(waiting.request, nullptr));
    --ready_;
  }
}

}  // namespace neso::simulator
