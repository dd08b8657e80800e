// Runs batches on a model's instances: on which thread, for how long one may keep it, and where the next batch is run.
// What is in a batch, and whether one is ready, is its source's business.
//
//   Slot* slot = nullptr;
//   {
//     MutexLock lock(runner_.mutex);
//     ...                                      // change what the source decides by
//     slot = runner_.StartIfReady(now);
//   }
//   runner_.Launch(slot);
//
// An instance in the runner's hands is a slot. It is idle, or launched: on its instance's own thread, on the front-end
// thread that brought the request (InlineHost), or on an executor's. A slot that runs takes batch after batch and goes
// idle when none is ready, so there is no thread of the scheduler's own, and no wake-up while work keeps coming.
//
// Under a rate limiter a slot that is to be launched may have to wait for what its instance needs; the limiter then
// launches it. It takes its batch when it runs, so what comes meanwhile is in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/instance.h"
#include "core/model.h"
#include "schedule/batch_source.h"
#include "schedule/ring_queue.h"
#include "schedule/scheduling_context.h"

namespace neso {

// Thread-safe. A part of its source, which every launched slot keeps alive.
class SlotRunner {
 public:
  class Slot;

  SlotRunner(BatchSource& source, const SchedulingContext& context);
  ~SlotRunner();
  SlotRunner(const SlotRunner&) = delete;
  SlotRunner& operator=(const SlotRunner&) = delete;

  // Guards the slots, and what the source decides by: "a batch is ready" and "an instance is idle" are one question.
  Mutex mutex;

  // Takes an idle slot if the source has a batch for it; else null. To be launched by the caller, who has to give the
  // lock back before.
  Slot* StartIfReady(TimePoint now) REQUIRES(mutex);
  // Null is nothing to launch. No lock is held: it may run at once, on another thread.
  void Launch(Slot* slot) EXCLUDES(mutex);

  // The instances to use from now on; waits until others have finished executing.
  void UpdateInstances(const std::vector<ModelInstance*>& instances) EXCLUDES(mutex);
  // Nothing waits any more, and the instances go: no slot is launched from now on.
  void Close() REQUIRES(mutex);

 private:
  Slot* TakeIdle() REQUIRES(mutex);
  void StopWaiting(Slot& slot) REQUIRES(mutex);
  void Run(Slot& slot);
  // Fills the slot's batch; false when the slot has gone idle and must not be touched any more. `another`: a slot to
  // launch, or null. Without memory it fills it with less, or goes idle: the next that comes tries again.
  bool TakeBatch(Slot& slot, TimePoint now, Slot*& another);
  bool TryTake(Slot& slot, TimePoint now) noexcept REQUIRES(mutex);
  Slot* TryStart(TimePoint now) noexcept REQUIRES(mutex);
  // When it ended, having begun at `begin`. `model`: set if it is not, and kept by the caller.
  TimePoint Execute(Slot& slot, TimePoint begin, ModelHandle& model);
  // After an execution others may have a better claim to what the slot's instance uses. False: the slot waits, and must
  // not be touched any more.
  bool KeepsResources(Slot& slot, const std::shared_ptr<BatchSource>& keep_alive);
  bool IsWaitedFor(const Slot& slot) const;
  // Launches the slot again instead of taking the next batch; false when nothing waits.
  bool HandOver(Slot& slot, const std::shared_ptr<BatchSource>& keep_alive);

  BatchSource& source_;
  const SchedulingContext context_;
  std::atomic<int64_t> expected_ns_{-1};  // of an execution, moving average; -1: none yet
  CondVar slot_idle_;
  std::vector<std::unique_ptr<Slot>> slots_ GUARDED_BY(mutex);
  RingQueue<Slot*> idle_ GUARDED_BY(mutex);
  size_t starting_ GUARDED_BY(mutex) = 0;  // launched, have not taken their first batch
};

}  // namespace neso
