// Between arrivals and instances: what waits, and what of it makes up the next batch. The decisions are the server's own
// functions; what a scheduler does beside them with locks, threads and timers is an event loop here (simulation.h).
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/model.h"
#include "schedule/arrange_slots.h"
#include "schedule/batch_compatibility.h"
#include "schedule/batch_source.h"
#include "schedule/batching_config.h"
#include "schedule/latency_tuner.h"
#include "schedule/pick_batch.h"
#include "schedule/request_queue.h"

namespace neso::simulator {

// Confined to one thread.
class Lane {
 public:
  virtual ~Lane() = default;
  // On error the request stays with the caller. `slot`: of its sequence, if it has one. Who has to make room for it goes
  // to `displaced`.
  virtual Status Accept(std::unique_ptr<InferenceRequest>& request, size_t slot, TimePoint now,
                        std::unique_ptr<InferenceRequest>& displaced) = 0;
  // Moves the next batch to `batch`, which is empty, for an instance that is idle. What comes back is when to ask again
  // if nothing comes before that.
  virtual TimePoint Take(TimePoint now, Batch& batch) = 0;
  virtual void TakeCancelled(Batch& batch) = 0;
  // A batch with `waits` was executed until now.
  virtual void OnExecuted(const Batch&, TimePoint) {}
};

// Dynamic batching; as the Dispatcher does it.
class QueueLane final : public Lane {
 public:
  // `model` is borrowed.
  QueueLane(const Model& model, BatchingConfig config)
      : config_(std::move(config)), compatibility_(model), queue_(config_.levels, config_.fair_share_by) {
    if (config_.latency_target > Nanoseconds(0)) tuner_.emplace(config_);
  }

  Status Accept(std::unique_ptr<InferenceRequest>& request, size_t, TimePoint now,
                std::unique_ptr<InferenceRequest>& displaced) override {
    return queue_.Push(request, now, &displaced);
  }
  TimePoint Take(TimePoint now, Batch& batch) override;
  void TakeCancelled(Batch& batch) override { queue_.TakeCancelled(batch.cancelled); }
  void OnExecuted(const Batch& batch, TimePoint now) override {
    tuner_->Add(batch.waits, batch.rows, batch.taken_at, now);
  }

 private:
  const BatchingConfig& batching() const { return tuner_ ? tuner_->config() : config_; }
  BatchDecision Decide(TimePoint now);

  const BatchingConfig config_;
  const BatchCompatibility compatibility_;
  RequestQueue queue_;
  std::optional<LatencyTuner> tuner_;
  std::vector<RequestQueue::Entry> front_;
  std::vector<BatchCandidate> candidates_;
};

// The direct strategy of sequences on one instance; as the DirectLane of the server does it.
class SlotLane final : public Lane {
 public:
  SlotLane(const Model& model, const DirectStrategy& strategy) : strategy_(strategy), compatibility_(model) {}

  Status Accept(std::unique_ptr<InferenceRequest>& request, size_t slot, TimePoint now,
                std::unique_ptr<InferenceRequest>& displaced) override;
  TimePoint Take(TimePoint now, Batch& batch) override;
  void TakeCancelled(Batch& batch) override;

 private:
  struct Waiting {
    InferenceRequest* request = nullptr;
    TimePoint since{};
  };
  const DirectStrategy strategy_;
  const BatchCompatibility compatibility_;
  std::vector<Waiting> slots_;
  size_t ready_ = 0;
  std::vector<bool> rows_;
};

}  // namespace neso::simulator
