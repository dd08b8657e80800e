#include "schedule/direct_lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace neso {
namespace {

constexpr size_t kMostZeros = size_t{1} << 20;  // that are kept from batch to batch

// One that is not executed. It counts as its model's until then; nobody hears of it.
void ReleaseNull(std::unique_ptr<InferenceRequest> request) {
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

}  // namespace

DirectLane::DirectLane(const Model& model, const SequenceControls& controls, const DirectStrategy& strategy,
                       const SchedulingContext& context)
    : controls_(controls),
      strategy_(strategy),
      compatibility_(model),
      context_(context),
      delays_(strategy.minimum_slot_utilization > 0 && strategy.max_queue_delay > Nanoseconds(0)),
      runner_(*this, context),
      timer_(context.timers) {}

void DirectLane::Accept(size_t slot, InferenceRequest* request, bool) {
  const TimePoint now = Now();
  SlotRunner::Slot* started = nullptr;
  {
    MutexLock lock(runner_.mutex);
    if (slot >= slots_.size()) slots_.resize(slot + 1);
    CHECK(slots_[slot].request == nullptr, "a sequence has one request in its lane at a time");
    slots_[slot] = {request, now, ++came_};
    ++ready_;
    started = runner_.StartIfReady(now);
  }
  runner_.Launch(started);
}

void DirectLane::OnCancel() {
  sweep_.Post(context_.executor, [self = shared_from_this()] {
    Batch dropped;
    {
      MutexLock lock(self->runner_.mutex);
      self->TakeCancelled(dropped);
    }
    dropped.AnswerDropped();
  });
}

void DirectLane::Stop() {
  SlotRunner::Slot* started = nullptr;
  {
    MutexLock lock(runner_.mutex);
    stopping_ = true;
    started = runner_.StartIfReady(Now());
  }
  runner_.Launch(started);
}

void DirectLane::Close() {
  MutexLock lock(runner_.mutex);
  timer_.Cancel();
  runner_.Close();
}

SlotsDecision DirectLane::Decide(TimePoint now) const {
  TimePoint oldest = TimePoint::max();
  if (delays_) {
    for (const Waiting& waiting : slots_) {
      if (waiting.request != nullptr) oldest = std::min(oldest, waiting.since);
    }
  }
  // Without a delay the time does not matter: it is always over.
  SlotsDecision decision = DecideSlots(ready_, delays_ ? oldest : now, strategy_, now);
  if (decision.kind == SlotsDecision::Kind::kWait && stopping_) decision = {.kind = SlotsDecision::Kind::kTake};
  return decision;
}

bool DirectLane::IsReady(TimePoint now, size_t) {
  const SlotsDecision decision = Decide(now);
  if (decision.kind == SlotsDecision::Kind::kWait) WakeAt(decision.until);
  return decision.kind == SlotsDecision::Kind::kTake;
}

bool DirectLane::Take(TimePoint now, Batch& batch) {
  TakeCancelled(batch);
  const SlotsDecision decision = Decide(now);
  if (decision.kind == SlotsDecision::Kind::kTake) {
    // The others may fit, and one that failed leaves its slot.
    if (!FillRows(batch)) {
      batch.without_memory = std::exchange(FirstCome().request, nullptr);
      --ready_;
    }
    return true;
  }
  if (decision.kind == SlotsDecision::Kind::kWait) WakeAt(decision.until);
  return !batch.cancelled.empty();
}

void DirectLane::TakeCancelled(Batch& batch) {
  for (Waiting& waiting : slots_) {
    if (waiting.request == nullptr || !waiting.request->IsCancelled()) continue;
    batch.cancelled.push_back(waiting.request);  // first, since it may find no memory
    waiting.request = nullptr;
    --ready_;
  }
}

bool DirectLane::FillRows(Batch& batch) {
  std::vector<InferenceRequest*>& requests = batch.requests;
  const InferenceRequest& first = *FirstCome().request;
  try {
    ArrangeRows(first);
    requests.reserve(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) requests.push_back(rows_[i] ? slots_[i].request : NullRequest(first));
  } catch (...) {  // nearly always the zeros, which are as large as an input
    for (InferenceRequest* request : requests) {
      if (request->is_null()) ReleaseNull(std::unique_ptr<InferenceRequest>(request));
    }
    requests.clear();
    return false;
  }
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i]) continue;
    slots_[i].request = nullptr;
    --ready_;
  }
  // The null requests have it as long as they need it; what one large request has taken is not kept after them.
  if (zeros_ != nullptr && zeros_->size() > kMostZeros) zeros_.reset();
  return true;
}

void DirectLane::ArrangeRows(const InferenceRequest& first) {
  const auto is_ready = [this](size_t i) NO_THREAD_SAFETY_ANALYSIS { return slots_[i].request != nullptr; };
  std::function<bool(size_t)> fits;
  if (compatibility_.is_needed()) {
    fits = [this, &first](size_t i) NO_THREAD_SAFETY_ANALYSIS {
      return slots_[i].request == &first || compatibility_.CanShare(first, *slots_[i].request);
    };
  }
  ArrangeSlots(slots_.size(), is_ready, fits, rows_);
}

// Of those that wait; there is one.
DirectLane::Waiting& DirectLane::FirstCome() {
  Waiting* first = nullptr;
  for (Waiting& waiting : slots_) {
    if (waiting.request != nullptr && (first == nullptr || waiting.number < first->number)) first = &waiting;
  }
  return *first;
}

InferenceRequest* DirectLane::NullRequest(const InferenceRequest& like) {
  size_t largest = 0;
  for (const Input& input : like.own_inputs()) largest = std::max(largest, InferenceRequest::NullByteSize(input));
  if (zeros_ == nullptr || zeros_->size() < largest) {
    zeros_ = std::make_shared<const std::vector<std::byte>>(largest);
  }
  std::unique_ptr<InferenceRequest> request = InferenceRequest::CreateNull(like, zeros_);
  try {
    controls_.InjectNotReady(*request);
  } catch (...) {
    ReleaseNull(std::move(request));
    throw;
  }
  return request.release();
}

void DirectLane::WakeAt(TimePoint at) {
  if (timer_.ComesBy(at)) return;
  timer_.Set(at, [weak = weak_from_this()] {
    if (const std::shared_ptr<DirectLane> self = weak.lock()) self->OnTime();
  });
}

void DirectLane::OnTime() {
  SlotRunner::Slot* started = nullptr;
  {
    MutexLock lock(runner_.mutex);
    timer_.Ran();
    started = runner_.StartIfReady(Now());
  }
  runner_.Launch(started);
}

}  // namespace neso
