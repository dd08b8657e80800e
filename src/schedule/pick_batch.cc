#include "schedule/pick_batch.h"

#include <algorithm>

#include "base/saturating.h"

namespace neso {
namespace {

BatchDecision Take(size_t count) { return {.kind = BatchDecision::Kind::kTake, .count = count}; }

}  // namespace

BatchDecision PickBatch(std::span<const BatchCandidate> queue, const BatchingConfig& config, TimePoint now,
                        const BatchIncludes& includes) {
  if (queue.empty()) return {};
  if (config.max_batch_size == 0) return Take(1);

  const uint32_t max_preferred = config.max_preferred_size();
  uint32_t rows = 0;
  size_t count = 0;
  size_t preferred_count = 0;  // requests in the best batch of a preferred size so far; 0: none
  bool closed = false;         // whatever comes, the batch will not grow
  TimePoint oldest = TimePoint::max();
  for (size_t i = 0; i < queue.size(); ++i) {
    const uint32_t grown = rows + queue[i].rows;
    if (count > 0) {
      // Jumping over the largest preferred size: what came before is as good as it gets.
      if (grown > max_preferred && preferred_count == 0) preferred_count = count;
      if (grown > config.max_batch_size || (includes && !includes(i))) {
        closed = true;
        break;
      }
    }
    rows = grown;
    ++count;
    oldest = std::min(oldest, queue[i].queued_at);
    if (std::binary_search(config.preferred_sizes.begin(), config.preferred_sizes.end(), rows)) preferred_count = count;
  }

  const bool delays = config.max_queue_delay > Nanoseconds(0);
  const bool delay_elapsed = delays && now - oldest >= config.max_queue_delay;
  if (preferred_count > 0 && !delay_elapsed) return Take(preferred_count);
  if (closed || rows >= max_preferred || !delays || delay_elapsed) return Take(count);
  // Below the largest, so there is one above.
  const uint32_t wanted = *std::upper_bound(config.preferred_sizes.begin(), config.preferred_sizes.end(), rows);
  return {.kind = BatchDecision::Kind::kWait, .until = After(oldest, config.max_queue_delay), .rows_wanted = wanted};
}

}  // namespace neso
