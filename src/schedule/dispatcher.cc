#include "schedule/dispatcher.h"

#include <algorithm>
#include <utility>

namespace neso {
namespace {

bool UsesTime(const BatchingConfig& config) {
  return config.max_queue_delay > Nanoseconds(0) || config.latency_target > Nanoseconds(0) ||
         std::any_of(config.levels.begin(), config.levels.end(),
                     [](const QueuePolicy& policy) { return policy.default_timeout > Nanoseconds(0); });
}

}  // namespace

Dispatcher::Dispatcher(Model& model, BatchingConfig config, const SchedulingContext& context, BatchStrategy* strategy)
    : model_(model),
      config_(std::move(config)),
      compatibility_(model),
      context_(context),
      looks_at_each_(compatibility_.is_needed() || strategy != nullptr || !config_.key_parameter.empty()),
      uses_time_(UsesTime(config_)),
      order_(config_.preserve_ordering ? std::make_shared<ResponseOrder>() : nullptr),
      runner_(*this, context),
      queue_(config_.levels, config_.fair_share_by),
      has_started_(config_.starts_at == 0),
      timer_(context.timers) {
  if (strategy != nullptr) next_.emplace(*strategy);
  if (config_.latency_target > Nanoseconds(0)) tuner_ = std::make_unique<LatencyTuner>(config_);
  if (!config_.key_parameter.empty()) keys_.emplace(config_.key_parameter);
}

Dispatcher::~Dispatcher() = default;

void Dispatcher::Close() {
  MutexLock lock(runner_.mutex);
  timer_.Cancel();
  runner_.Close();
  if (next_) next_->End();
}

Status Dispatcher::Enqueue(std::unique_ptr<InferenceRequest>& request, bool is_new) {
  // The queue may be the second one that the request is in.
  if (request->queue_start_ns() == 0) request->CaptureQueueStart();
  const uint64_t start_ns = request->start_ns();
  const std::shared_ptr<ResponseFactory>* const factory =
      order_ != nullptr && is_new && !request->response_factory().IsIntercepted(ResponseStage::kOrder)
          ? &request->shared_response_factory()
          : nullptr;
  const bool is_cancelled = request->IsCancelled();
  const TimePoint now = Now();
  SlotRunner::Slot* slot = nullptr;
  std::unique_ptr<InferenceRequest> displaced;
  {
    MutexLock lock(runner_.mutex);
    if (stopping_) return RefusedByStop(*request);
    // The request lives at least until the lock is given back.
    if (Status status = queue_.Push(request, now, &displaced); !status.ok()) {
      lock.Unlock();
      model_.statistics().common().RecordFailure(start_ns, SteadyNanoseconds(),
                                                 InferenceRequest::FailureReason::kRejected, request->trace_key());
      return status;
    }
    if (factory != nullptr) order_->Add(*factory);
    slot = runner_.StartIfReady(now);
    if (uses_time_ && queue_.next_deadline() != TimePoint::max()) WakeAt(queue_.next_deadline());
  }
  runner_.Launch(slot);
  if (displaced != nullptr) {
    const Status status = RequestQueue::ExceedsMaximumSize(*displaced);
    InferenceRequest::RespondAndRelease(std::move(displaced), status, InferenceRequest::FailureReason::kRejected);
  }
  // Cancelled before it was here to be found.
  if (is_cancelled) OnCancel();
  return {};
}

void Dispatcher::TakeTurn(const std::shared_ptr<ResponseFactory>& factory) {
  if (order_ != nullptr && !factory->IsIntercepted(ResponseStage::kOrder)) order_->Add(factory);
}

void Dispatcher::Stop() {
  {
    MutexLock lock(runner_.mutex);
    stopping_ = true;
  }
  StopWaiting();
}

void Dispatcher::StopWaiting() {
  SlotRunner::Slot* slot = nullptr;
  {
    MutexLock lock(runner_.mutex);
    waits_ = false;
    not_before_ = TimePoint::min();
    slot = runner_.StartIfReady(Now());
  }
  runner_.Launch(slot);
}

// Cancellations come in crowds (a connection is cut), and each sweep looks at the whole queue. Where none can be posted,
// whoever takes the requests finds that they are cancelled.
void Dispatcher::OnCancel() {
  sweep_.Post(context_.executor, [self = shared_from_this()] {
    Batch dropped;
    {
      MutexLock lock(self->runner_.mutex);
      self->queue_.TakeCancelled(dropped.cancelled);
    }
    dropped.AnswerDropped();
  });
}

void Dispatcher::OnTime() {
  auto dropped = std::make_shared<Batch>();
  SlotRunner::Slot* slot = nullptr;
  {
    MutexLock lock(runner_.mutex);
    timer_.Ran();
    const TimePoint now = Now();
    queue_.Expire(now, dropped->expired);
    slot = runner_.StartIfReady(now);
    if (queue_.next_deadline() != TimePoint::max()) WakeAt(queue_.next_deadline());
  }
  runner_.Launch(slot);
  // Answering runs callbacks, for which the timers' thread must not wait.
  if (dropped->expired.empty()) return;
  if (!context_.executor.Post([self = shared_from_this(), dropped] { dropped->AnswerDropped(); })) {
    dropped->AnswerDropped();
  }
}

BatchDecision Dispatcher::Decide(TimePoint now) {
  if (queue_.size() == 0) return {};
  if (config_.max_batch_size == 0) return {.kind = BatchDecision::Kind::kTake, .count = 1};
  if (keys_) return DecideByKey(now);
  queue_.Peek(size_t{batching().max_batch_size} + 1, front_);
  return DecideAboutFront(now);
}

// The first key whose requests make up a batch; that of the oldest request first, so that none waits for ever. A decision
// looks at so many batches' worth of requests, not at all that a client may send.
BatchDecision Dispatcher::DecideByKey(TimePoint now) {
  constexpr size_t kBatchesInSight = 16;
  const size_t largest = size_t{batching().max_batch_size} + 1;
  queue_.Peek(kBatchesInSight * largest, window_);
  BatchDecision decision;
  for (const std::vector<size_t>& alike : keys_->Sort(window_)) {
    alike_ = std::span(alike).first(std::min(alike.size(), largest));
    front_.clear();
    for (const size_t index : alike_) front_.push_back(window_[index]);
    const BatchDecision of_key = DecideAboutFront(now);
    if (of_key.kind == BatchDecision::Kind::kTake) return of_key;
    if (decision.kind == BatchDecision::Kind::kNothing || of_key.until < decision.until) decision = of_key;
  }
  return decision;
}

BatchDecision Dispatcher::DecideAboutFront(TimePoint now) {
  candidates_.clear();
  for (const RequestQueue::Entry& entry : front_) candidates_.push_back({entry.rows, entry.queued_at});
  if (next_) next_->Follow(front_);
  BatchIncludes includes;
  if (looks_at_each_) includes = [this](size_t i) NO_THREAD_SAFETY_ANALYSIS { return Includes(i); };
  BatchDecision decision = PickBatch(candidates_, batching(), now, includes);
  if (decision.kind == BatchDecision::Kind::kWait && !waits_) {
    decision = {.kind = BatchDecision::Kind::kTake, .count = candidates_.size()};
  }
  return decision;
}

void Dispatcher::TakeFront(size_t count, std::vector<InferenceRequest*>& taken) {
  if (next_) next_->End();
  // Without a batch dimension there is nothing to share.
  if (!keys_ || config_.max_batch_size == 0) return queue_.Take(count, taken);
  queue_.TakeAt(alike_.first(count), taken);
}

bool Dispatcher::Includes(size_t index) {
  return compatibility_.CanShare(*front_[0].request, *front_[index].request) && (!next_ || next_->Includes(index));
}

bool Dispatcher::IsReady(TimePoint now, size_t starting) {
  if (queue_.size() == 0) return false;
  if (!has_started_) [[unlikely]] {
    if (queue_.size() < config_.starts_at && waits_) return false;
    has_started_ = true;
  }
  if (starting > 0) {
    const uint64_t spoken_for = starting * uint64_t{std::max(batching().max_preferred_size(), 1U)};
    if ((config_.max_batch_size == 0 ? queue_.size() : queue_.rows()) <= spoken_for) return false;
  }
  if (config_.max_batch_size > 0) {
    if (now < not_before_ && queue_.rows() < rows_wanted_) {
      WakeAt(not_before_);
      return false;
    }
    const BatchDecision decision = Decide(now);
    if (decision.kind != BatchDecision::Kind::kTake) {
      Wait(decision);
      return false;
    }
  }
  not_before_ = TimePoint::min();
  return true;
}

bool Dispatcher::Take(TimePoint now, Batch& batch) {
  if (uses_time_) queue_.Expire(now, batch.expired);
  const BatchDecision decision = Decide(now);
  if (decision.kind == BatchDecision::Kind::kTake) {
    not_before_ = TimePoint::min();
    if (tuner_) batch.NoteWaits(std::span(front_).first(decision.count), now);
    TakeFront(decision.count, batch.requests);
    // Cancelled ones that no sweep has found yet.
    std::erase_if(batch.requests, [&batch](InferenceRequest* request) {
      if (!request->IsCancelled()) return false;
      batch.cancelled.push_back(request);
      return true;
    });
    return true;
  }
  if (decision.kind == BatchDecision::Kind::kWait) Wait(decision);
  return !batch.expired.empty();
}

void Dispatcher::OnExecuted(const Batch& batch, TimePoint end) {
  MutexLock lock(runner_.mutex);
  tuner_->Add(batch.waits, batch.rows, batch.taken_at, end);
  not_before_ = TimePoint::min();  // it was of the tuning before
}

void Dispatcher::Wait(const BatchDecision& decision) {
  WakeAt(decision.until);
  // A request that cannot share the batch ends the waiting, so each has to be looked at.
  not_before_ = looks_at_each_ ? TimePoint::min() : decision.until;
  rows_wanted_ = decision.rows_wanted;
}

void Dispatcher::WakeAt(TimePoint at) {
  if (timer_.ComesBy(at)) return;
  timer_.Set(at, [weak = weak_from_this()] {
    if (const std::shared_ptr<Dispatcher> self = weak.lock()) self->OnTime();
  });
}

}  // namespace neso
