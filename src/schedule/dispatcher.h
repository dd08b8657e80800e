// Brings waiting requests and free instances together: the queue and its policy. Nothing is executed by who enqueues;
// what runs the batches, and where, is the SlotRunner.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/once_posted.h"
#include "core/instance.h"
#include "core/model.h"
#include "schedule/batch_compatibility.h"
#include "schedule/batch_keys.h"
#include "schedule/batch_source.h"
#include "schedule/batching_config.h"
#include "schedule/earliest_timer.h"
#include "schedule/latency_tuner.h"
#include "schedule/pick_batch.h"
#include "schedule/request_queue.h"
#include "schedule/response_order.h"
#include "schedule/scheduling_context.h"
#include "schedule/slot_runner.h"
#include "schedule/strategy_batch.h"

namespace neso {

// Thread-safe. Held by its scheduler and by every slot that runs: the last request may take the model down, and the
// scheduler with it, inside an execution.
class Dispatcher final : public BatchSource, public std::enable_shared_from_this<Dispatcher> {
 public:
  // `model` is borrowed; it is there as long as any request is. So is `strategy`, until Close; null: the configuration
  // alone decides what joins a batch.
  Dispatcher(Model& model, BatchingConfig config, const SchedulingContext& context, BatchStrategy* strategy = nullptr);
  ~Dispatcher() override;

  // As Scheduler's. A request that is not new comes once more; its place in the order of responses is the one it had.
  Status Enqueue(std::unique_ptr<InferenceRequest>& request, bool is_new = true);
  void TakeTurn(const std::shared_ptr<ResponseFactory>& factory);
  void OnCancel();
  void Stop();
  // No delay is waited for any more: nothing will come that a batch could wait for, or not enough of it.
  void StopWaiting();
  void UpdateInstances(const std::vector<ModelInstance*>& instances) { runner_.UpdateInstances(instances); }
  // The scheduler goes, and nothing waits any more. A slot that is about to go idle may still keep this object, after
  // what the context names is gone.
  void Close();

 private:
  bool IsReady(TimePoint now, size_t starting) REQUIRES(runner_.mutex) override;
  bool Take(TimePoint now, Batch& batch) REQUIRES(runner_.mutex) override;
  bool HasWaiting() const REQUIRES(runner_.mutex) override { return queue_.size() > 0; }
  void OnExecuted(const Batch& batch, TimePoint end) override;
  TimePoint Now() const override { return uses_time_ ? context_.clock.Now() : TimePoint(); }
  std::shared_ptr<BatchSource> KeepAlive() override { return shared_from_this(); }

  // What batches are made by now.
  const BatchingConfig& batching() const REQUIRES(runner_.mutex) { return tuner_ ? tuner_->config() : config_; }
  BatchDecision Decide(TimePoint now) REQUIRES(runner_.mutex);
  BatchDecision DecideByKey(TimePoint now) REQUIRES(runner_.mutex);
  // About the requests in front_.
  BatchDecision DecideAboutFront(TimePoint now) REQUIRES(runner_.mutex);
  void TakeFront(size_t count, std::vector<InferenceRequest*>& taken) REQUIRES(runner_.mutex);
  // Whether front_[index] may share a batch with all before it.
  bool Includes(size_t index) REQUIRES(runner_.mutex);
  void Wait(const BatchDecision& decision) REQUIRES(runner_.mutex);
  void WakeAt(TimePoint at) REQUIRES(runner_.mutex);
  // Applies timeouts and starts what has become ready by the passing of time.
  void OnTime();

  Model& model_;
  const BatchingConfig config_;
  const BatchCompatibility compatibility_;
  const SchedulingContext context_;
  const bool looks_at_each_;                    // request, whether it can share a batch; else any can
  const bool uses_time_;                        // a delay or a timeout is configured; else nobody looks at the clock
  const std::shared_ptr<ResponseOrder> order_;  // null: responses go as they come
  OncePosted sweep_;

  SlotRunner runner_;  // its mutex guards what follows
  RequestQueue queue_ GUARDED_BY(runner_.mutex);
  std::unique_ptr<LatencyTuner> tuner_ GUARDED_BY(runner_.mutex);  // null: batches are made as configured
  bool stopping_ GUARDED_BY(runner_.mutex) = false;                // refuses what comes
  bool waits_ GUARDED_BY(runner_.mutex) = true;                    // for more than there is
  bool has_started_ GUARDED_BY(runner_.mutex);                     // config_.starts_at requests have waited
  EarliestTimer timer_ GUARDED_BY(runner_.mutex);
  // Until this time the answer to "is a batch ready" stays no while fewer rows wait.
  TimePoint not_before_ GUARDED_BY(runner_.mutex) = TimePoint::min();
  uint32_t rows_wanted_ GUARDED_BY(runner_.mutex) = 0;
  std::optional<StrategyBatch> next_ GUARDED_BY(runner_.mutex);  // none: no strategy
  std::optional<BatchKeys> keys_ GUARDED_BY(runner_.mutex);      // none: any requests share a batch
  // Scratch of Decide: what it is about; with keys, what that was chosen from, and where in the queue it stands.
  std::vector<RequestQueue::Entry> front_ GUARDED_BY(runner_.mutex);
  std::vector<RequestQueue::Entry> window_ GUARDED_BY(runner_.mutex);
  std::span<const size_t> alike_ GUARDED_BY(runner_.mutex);
  std::vector<BatchCandidate> candidates_ GUARDED_BY(runner_.mutex);
};

}  // namespace neso
