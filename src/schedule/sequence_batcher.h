// Gives each sequence a slot of one instance, and that instance's lane the requests of the sequence one by one.
//
// A sequence holds its slot from its first request to the release of its last one, or until it has been idle for too
// long. Sequences that find no slot wait in the backlog, first come, first served.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/once_posted.h"
#include "core/instance.h"
#include "core/model.h"
#include "core/response.h"
#include "schedule/earliest_timer.h"
#include "schedule/scheduling_context.h"
#include "schedule/sequence.h"
#include "schedule/sequence_config.h"
#include "schedule/sequence_controls.h"

namespace neso {

// Thread-safe. Held by its scheduler, and by whoever is in one of its functions: the last request may take the model
// down, and the scheduler with it. A lane's lock may be taken under its own, never the other way round.
class SequenceBatcher final : public std::enable_shared_from_this<SequenceBatcher> {
 public:
  // `model` is borrowed; it is there as long as any request is.
  SequenceBatcher(Model& model, const SequenceConfig& config, std::vector<StateSpec> states,
                  const SchedulingContext& context);
  ~SequenceBatcher();

  // As Scheduler's. An instance that leaves is waited for until its sequences have ended.
  Status Enqueue(std::unique_ptr<InferenceRequest>& request);
  void OnCancel();
  bool HasOpenSequences() const;
  void Stop();
  void UpdateInstances(const std::vector<ModelInstance*>& instances);
  // The scheduler goes, and nothing waits any more.
  void Close();

 private:
  struct IdLess {
    bool operator()(const CorrelationId& a, const CorrelationId& b) const;
  };
  // A request on its way to a lane. To be delivered without the lock.
  struct Handed {
    Sequence* sequence = nullptr;
    InferenceRequest* request = nullptr;  // null: nothing
  };
  // What is to be done when the lock has been given back.
  struct Outcome {
    std::vector<Handed> handed;
    std::vector<InferenceRequest*> expired, cancelled;
    std::vector<std::shared_ptr<ResponseFactory>> to_cancel;  // of requests in lanes
  };

  Status CheckRequest(const InferenceRequest& request) const;
  Expected<Sequence*> SequenceFor(InferenceRequest& request) REQUIRES(mutex_);
  Sequence& NewSequence(const CorrelationId& id, SequenceHome* home) REQUIRES(mutex_);
  void NameSequence(InferenceRequest& request) REQUIRES(mutex_);
  void BoundWait(Sequence& sequence, const InferenceRequest& request) REQUIRES(mutex_);
  // Null: no slot is free.
  SequenceHome* HomeWithFreeSlot() REQUIRES(mutex_);
  static void Move(Sequence& sequence, std::list<Sequence>& to);

  // What goes to a lane next because of it, if anything.
  [[nodiscard]] Handed Next(Sequence& sequence) REQUIRES(mutex_);
  // The sequence, whose request has come back or whose requests were dropped, goes on, becomes idle or ends.
  [[nodiscard]] Handed Settle(Sequence& sequence) REQUIRES(mutex_);
  // It has a slot, and no request any more. The slot goes to the backlog.
  [[nodiscard]] Handed End(Sequence& sequence) REQUIRES(mutex_);
  [[nodiscard]] Handed PlaceFirstOfBacklog(SequenceHome& home) REQUIRES(mutex_);

  void StartIfDue(Outcome& outcome) REQUIRES(mutex_);
  void HandAll(Outcome& outcome) REQUIRES(mutex_);
  void FillFreeSlots(Outcome& outcome) REQUIRES(mutex_);
  void EndIdle(TimePoint now, Outcome& outcome) REQUIRES(mutex_);
  void ExpireBacklog(TimePoint now, Outcome& outcome) REQUIRES(mutex_);
  void CloseToFurther(Sequence& sequence) REQUIRES(mutex_);
  // What waits of it is moved to `dropped`, and nothing more comes. To be settled.
  void Abandon(Sequence& sequence, std::vector<InferenceRequest*>& dropped) REQUIRES(mutex_);
  void SetTimer() REQUIRES(mutex_);

  void Sweep() EXCLUDES(mutex_);
  void OnTime() EXCLUDES(mutex_);
  void Deliver(const Handed& handed, bool again = false) EXCLUDES(mutex_);
  void DeliverAgain(const Handed& handed) EXCLUDES(mutex_);
  void InjectStates(Sequence& sequence, InferenceRequest& request) const;
  void Perform(Outcome& outcome) EXCLUDES(mutex_);
  void OnReleased(std::unique_ptr<InferenceRequest>& request, uint32_t flags) EXCLUDES(mutex_);
  std::shared_ptr<SequenceLane> MakeLane(ModelInstance& instance);

  Model& model_;
  const SequenceConfig config_;
  const SequenceControls controls_;
  const std::vector<StateSpec> states_;
  const SchedulingContext context_;
  OncePosted sweep_;

  mutable Mutex mutex_;
  CondVar slot_freed_;
  std::vector<std::unique_ptr<SequenceHome>> homes_ GUARDED_BY(mutex_);
  // Every sequence is in one of these: it has requests; it has a slot and no requests, longest idle first; it has
  // requests and no slot, first come first.
  std::list<Sequence> busy_ GUARDED_BY(mutex_);
  std::list<Sequence> idle_ GUARDED_BY(mutex_);
  std::list<Sequence> backlog_ GUARDED_BY(mutex_);
  // The open ones. A tree, because clients choose the ids, and could choose such as collide in a hash.
  std::map<CorrelationId, Sequence*, IdLess> by_id_ GUARDED_BY(mutex_);
  std::set<std::pair<TimePoint, Sequence*>> deadlines_ GUARDED_BY(mutex_);  // of the backlog
  // Far from those that clients count, also where a model gets the low half only.
  uint64_t last_generated_id_ GUARDED_BY(mutex_) = 0x4000'0000'4000'0000;
  bool has_started_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  EarliestTimer timer_ GUARDED_BY(mutex_);
};

}  // namespace neso
