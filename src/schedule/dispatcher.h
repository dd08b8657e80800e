// Brings waiting requests and free instances together.
//
// Nothing is executed by who enqueues. When a batch is ready and an instance is free, the instance's slot is started:
// on the instance's own thread, or on the front-end thread that brings the request (InlineHost), or on an executor's. A
// slot that runs takes batch after batch and goes idle when none is ready, so there is no thread of the scheduler's
// own, and no wake-up while work keeps coming.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "core/instance.h"
#include "core/instance_thread.h"
#include "core/model.h"
#include "schedule/batch_compatibility.h"
#include "schedule/batching_config.h"
#include "schedule/pick_batch.h"
#include "schedule/request_queue.h"
#include "schedule/response_order.h"
#include "schedule/ring_queue.h"
#include "schedule/scheduling_context.h"

namespace neso {

// Thread-safe. Held by its scheduler and by every slot that runs: the last request may take the model down, and the
// scheduler with it, inside an execution.
class Dispatcher final : public std::enable_shared_from_this<Dispatcher> {
 public:
  // `model` is borrowed; it is there as long as any request is.
  Dispatcher(Model& model, BatchingConfig config, const SchedulingContext& context);
  ~Dispatcher();

  // As Scheduler's.
  Status Enqueue(std::unique_ptr<InferenceRequest>& request);
  void OnCancel();
  void Stop();
  // The scheduler goes, and nothing waits any more. A slot that is about to go idle may still keep this object, after
  // what the context names is gone.
  void Close();

  // The instances to use from now on; waits until others have finished executing.
  void UpdateInstances(const std::vector<ModelInstance*>& instances);

  // Applies timeouts and starts what has become ready by the passing of time.
  void OnTime();

 private:
  class Slot;
  struct Dropped {
    std::vector<InferenceRequest*> expired, cancelled;
  };

  void RunSlot(Slot& slot);
  // Fills the slot's batch; false when the slot has gone idle and must not be touched any more.
  bool NextBatch(Slot& slot, Dropped& dropped, Slot*& another);
  void Execute(Slot& slot, std::shared_ptr<Model>& model);
  // Posts the slot again instead of taking the next batch; false when there is none.
  bool HandOver(Slot& slot, std::shared_ptr<Dispatcher>& keep_alive);
  void Launch(Slot* slot);
  static void Answer(Dropped& dropped);

  // An idle slot to launch if a batch is ready beyond those that starting slots will take; else null.
  Slot* SlotToStart(TimePoint now) REQUIRES(mutex_);
  BatchDecision Decide(TimePoint now) REQUIRES(mutex_);
  void Wait(const BatchDecision& decision) REQUIRES(mutex_);
  void WakeAt(TimePoint at) REQUIRES(mutex_);
  TimePoint Now() const { return uses_time_ ? context_.clock.Now() : TimePoint(); }

  Model& model_;
  const BatchingConfig config_;
  const BatchCompatibility compatibility_;
  const SchedulingContext context_;
  const bool uses_time_;                        // a delay or a timeout is configured; else nobody looks at the clock
  const std::shared_ptr<ResponseOrder> order_;  // null: responses go as they come
  std::atomic<int64_t> expected_ns_{-1};        // of an execution, moving average; -1: none yet
  std::atomic<bool> sweep_posted_{false};

  Mutex mutex_;
  CondVar slot_idle_;
  RequestQueue queue_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Slot>> slots_ GUARDED_BY(mutex_);
  RingQueue<Slot*> idle_ GUARDED_BY(mutex_);
  size_t starting_ GUARDED_BY(mutex_) = 0;  // launched, have not taken their first batch
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool has_started_ GUARDED_BY(mutex_);  // config_.starts_at requests have waited
  TimerId timer_ GUARDED_BY(mutex_);
  // Until this time the answer to "is a batch ready" stays no while fewer rows wait.
  TimePoint not_before_ GUARDED_BY(mutex_) = TimePoint::min();
  uint32_t rows_wanted_ GUARDED_BY(mutex_) = 0;
  std::vector<RequestQueue::Entry> front_ GUARDED_BY(mutex_);  // scratch of Decide
  std::vector<BatchCandidate> candidates_ GUARDED_BY(mutex_);  // scratch of Decide
};

}  // namespace neso
