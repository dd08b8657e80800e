// What a scheduler's policy looks like to the runner that executes for it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "core/request.h"
#include "schedule/request_queue.h"

namespace neso {

// Requests on their way out of a queue. They are owned by whoever holds the batch.
struct Batch {
  std::vector<InferenceRequest*> requests;  // to be executed together
  // To be answered without being executed.
  std::vector<InferenceRequest*> expired, cancelled;
  InferenceRequest* without_memory = nullptr;  // null: none
  // Of a batch that its source wants to hear the end of; else empty: how long each request has waited, until `taken_at`.
  std::vector<Nanoseconds> waits;
  TimePoint taken_at{};
  uint32_t rows = 0;
  // Fills those in, for what is taken now.
  void NoteWaits(std::span<const RequestQueue::Entry> taken, TimePoint now);

  // Answers those that are not executed. Runs callbacks: with no lock held.
  void AnswerDropped();
};

// IsReady, Take and HasWaiting are called with the runner's mutex held, and must not block.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // Whether a batch is ready beyond those that `starting` slots will take, which have been launched and have not come
  // to run yet. If it is not and time makes it so, the source has itself woken, and asks the runner again.
  virtual bool IsReady(TimePoint now, size_t starting) = 0;
  // Moves the next batch to `batch`, which is empty. False when there is nothing to execute and nothing to answer.
  // It may throw for want of memory: what it has moved by then is the batch.
  virtual bool Take(TimePoint now, Batch& batch) = 0;
  virtual bool HasWaiting() const = 0;

  // A batch with `waits` was executed until `end`; its requests may be gone. Without the lock.
  virtual void OnExecuted(const Batch&, TimePoint) {}

  // The time, if the source looks at it at all. Without the lock.
  virtual TimePoint Now() const = 0;
  // Keeps the source, and the runner in it, while a slot is launched.
  virtual std::shared_ptr<BatchSource> KeepAlive() = 0;
};

}  // namespace neso
