#include "schedule/sequence_batcher.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/exception_status.h"
#include "base/log.h"
#include "base/saturating.h"
#include "core/scheduler.h"
#include "schedule/direct_lane.h"
#include "schedule/oldest_lane.h"

namespace neso {
namespace {

constexpr uint32_t kStart = TRITONSERVER_REQUEST_FLAG_SEQUENCE_START;
constexpr uint32_t kEnd = TRITONSERVER_REQUEST_FLAG_SEQUENCE_END;

std::string TextOf(const CorrelationId& id) { return id.is_text() ? id.text() : std::to_string(id.number()); }

}  // namespace

bool SequenceBatcher::IdLess::operator()(const CorrelationId& a, const CorrelationId& b) const {
  if (a.is_text() != b.is_text()) return b.is_text();
  return a.is_text() ? a.text() < b.text() : a.number() < b.number();
}

SequenceBatcher::SequenceBatcher(Model& model, const SequenceConfig& config, std::vector<StateSpec> states,
                                 const SchedulingContext& context)
    : model_(model),
      config_(config),
      controls_(model.config()),
      states_(std::move(states)),
      context_(context),
      has_started_(config.starts_at == 0 && config.starts_at_backlog == 0),
      timer_(context.timers) {}

SequenceBatcher::~SequenceBatcher() = default;

void SequenceBatcher::Close() {
  MutexLock lock(mutex_);
  timer_.Cancel();
  for (const auto& home : homes_) home->lane->Close();
}

// --- requests come ---------------------------------------------------------------------------------------------------

Status SequenceBatcher::CheckRequest(const InferenceRequest& request) const {
  if (request.batch_size() > 1) {
    return InvalidArg(
        "inference request to model '{}' must specify batch-size 1 due to requirements of sequence batcher",
        model_.name());
  }
  if (request.correlation_id().InSequence()) return controls_.CheckCorrelationId(request);
  if (config_.is_iterative) return {};
  return InvalidArg("inference request to model '{}' must specify a non-zero or non-empty correlation ID",
                    model_.name());
}

Status SequenceBatcher::Enqueue(std::unique_ptr<InferenceRequest>& request) {
  RETURN_IF_ERROR(CheckRequest(*request));
  const std::shared_ptr<SequenceBatcher> self = shared_from_this();
  request->CaptureQueueStart();
  const bool is_cancelled = request->IsCancelled();
  Outcome outcome;
  Handed next;
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(Sequence* const sequence, SequenceFor(*request));
    if ((request->flags() & kEnd) != 0) CloseToFurther(*sequence);
    if (sequence->home == nullptr) BoundWait(*sequence, *request);
    if (sequence->list == &idle_) Move(*sequence, busy_);
    sequence->waiting.push_back(request.get());  // which may find no memory
    (void)request.release();
    next = Next(*sequence);
    if (!has_started_) StartIfDue(outcome);
  }
  Deliver(next);
  Perform(outcome);
  // Cancelled before it was here to be found.
  if (is_cancelled) OnCancel();
  return {};
}

Expected<Sequence*> SequenceBatcher::SequenceFor(InferenceRequest& request) {
  // A request without ID is a sequence by itself, which nobody joins: who could guess its ID would run in its client's
  // sequence, and could cancel it.
  const bool is_named = request.correlation_id().InSequence();
  const auto known = is_named ? by_id_.find(request.correlation_id()) : by_id_.end();
  const bool is_known = known != by_id_.end();
  if (is_known && known->second->id_is_generated) {
    return InvalidArg(
        "expected another correlation ID than {}: model '{}' has given it to a request that came without one",
        TextOf(request.correlation_id()), model_.name());
  }
  SequenceHome* const home = is_known ? nullptr : HomeWithFreeSlot();
  const SequenceArrival arrival{.starts = !is_named || (request.flags() & kStart) != 0,
                                .is_known = is_known,
                                .slot_is_free = home != nullptr,
                                .is_stopping = stopping_};
  switch (AdmitToSequence(arrival)) {
    case SequenceAdmission::kRefuseStopping: return RefusedByStop(request);
    case SequenceAdmission::kRefuseUnknown:
      return InvalidArg(
          "inference request for sequence {} to model '{}' must specify the START flag on the first request of the "
          "sequence",
          TextOf(request.correlation_id()), model_.name());
    case SequenceAdmission::kNewInSlot:
    case SequenceAdmission::kNewInBacklog: {
      if (!is_named) NameSequence(request);
      Sequence& sequence = NewSequence(request.correlation_id(), home);
      sequence.id_is_generated = !is_named;
      return &sequence;
    }
    case SequenceAdmission::kJoin: break;
  }
  if (arrival.starts) {
    LOG_WARNING(
        "sequence {} for model '{}' has a conflict. The previous sequence did not end before this sequence start. "
        "Previous sequence will be terminated early.",
        TextOf(request.correlation_id()), model_.name());
  }
  return known->second;
}

Sequence& SequenceBatcher::NewSequence(const CorrelationId& id, SequenceHome* home) {
  std::list<Sequence>& list = home != nullptr ? busy_ : backlog_;
  Sequence& sequence = list.emplace_back();
  sequence.list = &list;
  sequence.self = std::prev(list.end());
  sequence.id = id;
  sequence.encoded_id = controls_.Encode(id);
  if (home != nullptr) {
    sequence.home = home;
    sequence.slot = home->free.TakeLowest();
  }
  by_id_[id] = &sequence;
  return sequence;
}

void SequenceBatcher::NameSequence(InferenceRequest& request) {
  CorrelationId id;
  do {
    id = controls_.MakeId(++last_generated_id_);
  } while (by_id_.contains(id));
  request.SetCorrelationId(std::move(id));
  request.SetFlags(request.flags() | kStart);
}

// A sequence that waits for a slot waits no longer than the most impatient of its requests.
void SequenceBatcher::BoundWait(Sequence& sequence, const InferenceRequest& request) {
  if (request.timeout_us() == 0) return;
  const TimePoint deadline = After(context_.clock.Now(), SaturatingMicroseconds(request.timeout_us()));
  if (deadline >= sequence.deadline) return;
  deadlines_.erase({sequence.deadline, &sequence});
  sequence.deadline = deadline;
  deadlines_.insert({deadline, &sequence});
  SetTimer();
}

SequenceHome* SequenceBatcher::HomeWithFreeSlot() {
  std::vector<std::optional<size_t>> lowest_free;
  for (const auto& home : homes_) lowest_free.push_back(home->is_leaving ? std::nullopt : home->free.lowest());
  const std::optional<size_t> picked = PickInstance(lowest_free);
  return picked ? homes_[*picked].get() : nullptr;
}

// --- requests go to lanes, and come back -----------------------------------------------------------------------------

void SequenceBatcher::Move(Sequence& sequence, std::list<Sequence>& to) {
  to.splice(to.end(), *sequence.list, sequence.self);
  sequence.list = &to;
}

SequenceBatcher::Handed SequenceBatcher::Next(Sequence& sequence) {
  if (!has_started_ || sequence.home == nullptr || sequence.in_lane != nullptr || sequence.waiting.empty()) return {};
  sequence.in_lane = sequence.waiting.pop_front();
  return {&sequence, sequence.in_lane};
}

SequenceBatcher::Handed SequenceBatcher::Settle(Sequence& sequence) {
  if (sequence.in_lane != nullptr) return {};
  if (!sequence.waiting.empty()) return Next(sequence);
  // A sequence that is stopped may go on, but not while others wait for its slot.
  if (!sequence.is_open || (stopping_ && !backlog_.empty())) return End(sequence);
  sequence.idle_since = context_.clock.Now();
  Move(sequence, idle_);
  SetTimer();
  return {};
}

SequenceBatcher::Handed SequenceBatcher::End(Sequence& sequence) {
  CloseToFurther(sequence);
  SequenceHome* const home = sequence.home;
  const size_t slot = sequence.slot;
  deadlines_.erase({sequence.deadline, &sequence});
  sequence.list->erase(sequence.self);
  if (home == nullptr) return {};
  home->free.Give(slot);
  if (!home->is_leaving) return PlaceFirstOfBacklog(*home);
  slot_freed_.NotifyAll();
  return {};
}

SequenceBatcher::Handed SequenceBatcher::PlaceFirstOfBacklog(SequenceHome& home) {
  if (backlog_.empty()) return {};
  Sequence& first = backlog_.front();
  deadlines_.erase({first.deadline, &first});
  Move(first, busy_);
  first.home = &home;
  first.slot = home.free.TakeLowest();
  return Next(first);
}

void SequenceBatcher::OnReleased(std::unique_ptr<InferenceRequest>& request, uint32_t flags) {
  const std::shared_ptr<SequenceBatcher> self = shared_from_this();
  Sequence& sequence = *static_cast<Sequence*>(request->scheduler_data);
  request->RemoveInjectedInputs();
  request->sequence_states = nullptr;
  const bool is_cancelled = request->IsCancelled();
  const bool comes_again = config_.is_iterative && (flags & TRITONSERVER_REQUEST_RELEASE_RESCHEDULE) != 0;
  // It keeps its place: nothing of the sequence changes.
  if (comes_again && !is_cancelled) return DeliverAgain({&sequence, request.release()});
  if (sequence.id_is_generated) request->SetCorrelationId(CorrelationId());
  Outcome outcome;
  if (comes_again) outcome.cancelled.push_back(request.release());  // nobody else will answer it
  Handed next;
  {
    MutexLock lock(mutex_);
    sequence.in_lane = nullptr;
    if (is_cancelled) Abandon(sequence, outcome.cancelled);
    if (config_.is_iterative) CloseToFurther(sequence);
    next = Settle(sequence);
  }
  Deliver(next);
  Perform(outcome);
}

// The model has asked for the request once more. Its turn comes when it is its turn, as if it were new.
void SequenceBatcher::DeliverAgain(const Handed& handed) {
  handed.request->SetFlags(0);
  handed.request->MarkPending();
  handed.request->CaptureQueueStart();
  Deliver(handed, /*again=*/true);
}

void SequenceBatcher::Deliver(const Handed& handed, bool again) {
  if (handed.request == nullptr) return;
  Sequence& sequence = *handed.sequence;
  InferenceRequest& request = *handed.request;
  request.scheduler_data = &sequence;
  request.AddReleaseHook(
      [this](std::unique_ptr<InferenceRequest>& released, uint32_t flags) { OnReleased(released, flags); });
  try {
    controls_.Inject(sequence.encoded_id, request);
    if (!states_.empty()) InjectStates(sequence, request);
  } catch (...) {  // the sequence goes on with its next request
    return InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(&request), StatusOfException(),
                                               InferenceRequest::FailureReason::kOther);
  }
  sequence.home->lane->Accept(sequence.slot, &request, again);
}

void SequenceBatcher::InjectStates(Sequence& sequence, InferenceRequest& request) const {
  if (sequence.states == nullptr) {
    sequence.states = std::make_unique<SequenceStates>(states_);
  } else if ((request.flags() & kStart) != 0) {
    sequence.states->Reset();
  }
  sequence.states->InjectInto(request);
  request.sequence_states = sequence.states.get();
}

void SequenceBatcher::Perform(Outcome& outcome) {
  using Reason = InferenceRequest::FailureReason;
  for (const Handed& handed : outcome.handed) Deliver(handed);
  for (const auto& factory : outcome.to_cancel) factory->Cancel();
  for (InferenceRequest* request : outcome.expired) {
    InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(request),
                                        Unavailable("timeout of the corresponding sequence has been expired"),
                                        Reason::kRejected);
  }
  for (InferenceRequest* request : outcome.cancelled) {
    // Its model may have answered it in full, and asked for it again nevertheless.
    InferenceRequest::RespondAndRelease(std::unique_ptr<InferenceRequest>(request), Cancelled("Request cancelled"),
                                        Reason::kCanceled);
  }
}

// --- a late start, for tests -----------------------------------------------------------------------------------------

void SequenceBatcher::StartIfDue(Outcome& outcome) {
  uint64_t in_slots = 0, in_backlog = 0;
  for (const Sequence& sequence : busy_) in_slots += sequence.waiting.size();
  for (const Sequence& sequence : backlog_) in_backlog += sequence.waiting.size();
  if (in_slots < config_.starts_at || in_backlog < config_.starts_at_backlog) return;
  HandAll(outcome);
}

void SequenceBatcher::HandAll(Outcome& outcome) {
  has_started_ = true;
  for (Sequence& sequence : busy_) outcome.handed.push_back(Next(sequence));
}

// --- sequences that end otherwise ------------------------------------------------------------------------------------

void SequenceBatcher::CloseToFurther(Sequence& sequence) {
  if (std::exchange(sequence.is_open, false)) by_id_.erase(sequence.id);
}

void SequenceBatcher::Abandon(Sequence& sequence, std::vector<InferenceRequest*>& dropped) {
  CloseToFurther(sequence);
  while (!sequence.waiting.empty()) dropped.push_back(sequence.waiting.pop_front());
}

// Cancellations come in crowds (a connection is cut), and each sweep looks at everything that waits. Where none can be
// posted, their release tells that they are cancelled.
void SequenceBatcher::OnCancel() {
  sweep_.Post(context_.executor, [self = shared_from_this()] { self->Sweep(); });
}

void SequenceBatcher::Sweep() {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    std::vector<Sequence*> cancelled;
    for (std::list<Sequence>* list : {&busy_, &backlog_}) {
      for (Sequence& sequence : *list) {
        for (size_t i = 0; i < sequence.waiting.size(); ++i) {
          if (!sequence.waiting[i]->IsCancelled()) continue;
          cancelled.push_back(&sequence);
          break;
        }
      }
    }
    for (Sequence* sequence : cancelled) {
      Abandon(*sequence, outcome.cancelled);
      if (sequence->in_lane != nullptr) outcome.to_cancel.push_back(sequence->in_lane->shared_response_factory());
      outcome.handed.push_back(Settle(*sequence));
    }
    for (const auto& home : homes_) home->lane->OnCancel();
  }
  Perform(outcome);
}

void SequenceBatcher::EndIdle(TimePoint now, Outcome& outcome) {
  while (!idle_.empty() && After(idle_.front().idle_since, config_.max_idle) <= now) {
    LOG_VERBOSE(1, "Max sequence idle exceeded: CORRID {} for model '{}'", TextOf(idle_.front().id), model_.name());
    outcome.handed.push_back(End(idle_.front()));
  }
}

void SequenceBatcher::ExpireBacklog(TimePoint now, Outcome& outcome) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Sequence& sequence = *deadlines_.begin()->second;
    Abandon(sequence, outcome.expired);
    outcome.handed.push_back(End(sequence));
  }
}

void SequenceBatcher::SetTimer() {
  TimePoint at = TimePoint::max();
  if (!idle_.empty()) at = After(idle_.front().idle_since, config_.max_idle);
  if (!deadlines_.empty()) at = std::min(at, deadlines_.begin()->first);
  if (at == TimePoint::max()) return;
  if (timer_.ComesBy(at)) return;
  timer_.Set(at, [weak = weak_from_this()] {
    if (const std::shared_ptr<SequenceBatcher> self = weak.lock()) self->OnTime();
  });
}

void SequenceBatcher::OnTime() {
  auto outcome = std::make_shared<Outcome>();
  {
    MutexLock lock(mutex_);
    timer_.Ran();
    const TimePoint now = context_.clock.Now();
    EndIdle(now, *outcome);
    ExpireBacklog(now, *outcome);
    SetTimer();
  }
  // Answering runs callbacks, for which the timers' thread must not wait.
  if (!context_.executor.Post([self = shared_from_this(), outcome] { self->Perform(*outcome); })) Perform(*outcome);
}

bool SequenceBatcher::HasOpenSequences() const {
  MutexLock lock(mutex_);
  return !busy_.empty() || !idle_.empty() || !backlog_.empty();
}

// What waits is executed; sequences that have started may go on.
void SequenceBatcher::Stop() {
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    HandAll(outcome);
    while (!idle_.empty() && !backlog_.empty()) outcome.handed.push_back(End(idle_.front()));
    for (const auto& home : homes_) home->lane->Stop();
  }
  Perform(outcome);
}

// --- instances -------------------------------------------------------------------------------------------------------

std::shared_ptr<SequenceLane> SequenceBatcher::MakeLane(ModelInstance& instance) {
  if (config_.oldest) return std::make_shared<OldestLane>(model_, *config_.oldest, instance, context_);
  auto lane = std::make_shared<DirectLane>(model_, controls_, config_.direct, context_);
  lane->Start(instance);
  return lane;
}

void SequenceBatcher::FillFreeSlots(Outcome& outcome) {
  for (SequenceHome* home = HomeWithFreeSlot(); home != nullptr && !backlog_.empty(); home = HomeWithFreeSlot()) {
    outcome.handed.push_back(PlaceFirstOfBacklog(*home));
  }
}

void SequenceBatcher::UpdateInstances(const std::vector<ModelInstance*>& instances) {
  std::vector<std::unique_ptr<SequenceHome>> left;
  Outcome outcome;
  {
    MutexLock lock(mutex_);
    std::set<const ModelInstance*> known;
    for (const auto& home : homes_) {
      home->is_leaving = std::find(instances.begin(), instances.end(), &home->instance) == instances.end();
      known.insert(&home->instance);
    }
    for (ModelInstance* instance : instances) {
      if (known.contains(instance)) continue;
      homes_.push_back(std::make_unique<SequenceHome>(*instance, config_.slots));
      homes_.back()->lane = MakeLane(*instance);
    }
    FillFreeSlots(outcome);
  }
  Perform(outcome);
  {
    MutexLock lock(mutex_);
    const auto is_taken = [](const auto& home) { return home->is_leaving && home->free.taken() > 0; };
    while (std::any_of(homes_.begin(), homes_.end(), is_taken)) slot_freed_.Wait(mutex_);
    const auto first =
        std::stable_partition(homes_.begin(), homes_.end(), [](const auto& h) { return !h->is_leaving; });
    std::move(first, homes_.end(), std::back_inserter(left));
    homes_.erase(first, homes_.end());
  }
  for (const auto& home : left) home->lane->Retire();
}

}  // namespace neso
