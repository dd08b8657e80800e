// The direct strategy on one instance: a sequence has its own row in every batch from its first request to its last, so
// that a model can keep what it knows of the sequence there.
#pragma once

#include <memory>
#include <vector>

#include "base/once_posted.h"
#include "core/model.h"
#include "schedule/arrange_slots.h"
#include "schedule/batch_compatibility.h"
#include "schedule/batch_source.h"
#include "schedule/earliest_timer.h"
#include "schedule/scheduling_context.h"
#include "schedule/sequence_controls.h"
#include "schedule/sequence_lane.h"
#include "schedule/slot_runner.h"

namespace neso {

// Thread-safe. Rows below one that is executed, whose slots have nothing to execute, are filled with null requests. Of
// requests that cannot share a batch, the one that came first is in it: no sequence holds the others up for ever.
class DirectLane final : public SequenceLane, public BatchSource, public std::enable_shared_from_this<DirectLane> {
 public:
  // `model` and `controls` are borrowed; they are there as long as any request is.
  DirectLane(const Model& model, const SequenceControls& controls, const DirectStrategy& strategy,
             const SchedulingContext& context);

  // Once, before anything else.
  void Start(ModelInstance& instance) { runner_.UpdateInstances({&instance}); }

  void Accept(size_t slot, InferenceRequest* request, bool again) override;
  void OnCancel() override;
  void Stop() override;
  void Retire() override { runner_.UpdateInstances({}); }
  void Close() override;

 private:
  struct Waiting {
    InferenceRequest* request = nullptr;  // null: none
    TimePoint since{};
    uint64_t number = 0;  // of those that came
  };

  bool IsReady(TimePoint now, size_t starting) REQUIRES(runner_.mutex) override;
  bool Take(TimePoint now, Batch& batch) REQUIRES(runner_.mutex) override;
  bool HasWaiting() const REQUIRES(runner_.mutex) override { return ready_ > 0; }
  TimePoint Now() const override { return delays_ ? context_.clock.Now() : TimePoint(); }
  std::shared_ptr<BatchSource> KeepAlive() override { return shared_from_this(); }

  SlotsDecision Decide(TimePoint now) const REQUIRES(runner_.mutex);
  void TakeCancelled(Batch& batch) REQUIRES(runner_.mutex);
  // False when there is no memory for the batch, and nothing has been taken.
  bool FillRows(Batch& batch) REQUIRES(runner_.mutex);
  void ArrangeRows(const InferenceRequest& first) REQUIRES(runner_.mutex);
  Waiting& FirstCome() REQUIRES(runner_.mutex);
  InferenceRequest* NullRequest(const InferenceRequest& like) REQUIRES(runner_.mutex);
  void WakeAt(TimePoint at) REQUIRES(runner_.mutex);
  void OnTime();

  const SequenceControls& controls_;
  const DirectStrategy strategy_;
  const BatchCompatibility compatibility_;
  const SchedulingContext context_;
  const bool delays_;  // else nobody looks at the clock
  OncePosted sweep_;

  SlotRunner runner_;                                     // its mutex guards what follows
  std::vector<Waiting> slots_ GUARDED_BY(runner_.mutex);  // up to the highest that was ever used
  size_t ready_ GUARDED_BY(runner_.mutex) = 0;
  uint64_t came_ GUARDED_BY(runner_.mutex) = 0;  // requests, ever
  bool stopping_ GUARDED_BY(runner_.mutex) = false;
  EarliestTimer timer_ GUARDED_BY(runner_.mutex);
  std::vector<bool> rows_ GUARDED_BY(runner_.mutex);  // scratch of FillRows
  // What null requests read; replaced by a larger one when it must grow. Null: none, or too large to be kept.
  std::shared_ptr<const std::vector<std::byte>> zeros_ GUARDED_BY(runner_.mutex);
};

}  // namespace neso
