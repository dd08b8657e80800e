// What a strategy has said so far about the batch that comes next. Batches are decided on again and again while they
// grow; the strategy, which may count what it let in, is asked once about each request.
//
//   next_.Follow(front);              // the queue, whenever it may have changed
//   if (next_.Includes(i)) ...        // whether front[i] joins all before it
//   next_.End();                      // the batch has been taken
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "schedule/batch_strategy.h"
#include "schedule/request_queue.h"

namespace neso {

// Thread-compatible: lives under its scheduler's lock.
class StrategyBatch {
 public:
  explicit StrategyBatch(BatchStrategy& strategy) : strategy_(strategy) {}

  // `front` is what waits, in order of service: not empty, and kept until the next call. If it does not go on as it did
  // (something overtook, expired or was cancelled), the batch begins anew.
  void Follow(std::span<const RequestQueue::Entry> front);
  // For indexes of `front`. The first request is in its batch whatever the strategy says: it would wait for ever.
  bool Includes(size_t index);
  void End();

 private:
  void Ask(const RequestQueue::Entry& entry);

  BatchStrategy& strategy_;
  std::span<const RequestQueue::Entry> front_;
  std::unique_ptr<BatchStrategy::Batch> batch_;  // null: nothing has been asked
  std::vector<uint64_t> asked_;                  // the requests that were asked about, by their number
  bool is_closed_ = false;                       // nothing joins any more
  size_t size_ = 0;                              // how many of asked_ are in the batch
};

}  // namespace neso
