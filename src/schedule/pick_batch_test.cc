#include "schedule/pick_batch.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

using std::chrono::microseconds;
using Kind = BatchDecision::Kind;

TimePoint At(int us) { return TimePoint(microseconds(us)); }
BatchDecision Take(size_t count) { return {.kind = Kind::kTake, .count = count}; }
BatchDecision WaitUntil(int us, uint32_t rows) { return {.kind = Kind::kWait, .until = At(us), .rows_wanted = rows}; }

struct Case {
  const char* what;
  std::vector<uint32_t> rows;  // all queued at 0
  uint32_t max_batch;
  std::vector<uint32_t> preferred;
  int delay_us;
  int now_us;
  BatchDecision expected;
};

TEST(PickBatchTest, FollowsTheConfiguration) {
  const Case cases[] = {
      {"nothing waits", {}, 8, {8}, 0, 0, {}},
      {"a model without batching", {1, 1, 1}, 0, {}, 0, 0, Take(1)},
      {"no delay: whatever is there", {1, 1, 1}, 8, {8}, 0, 0, Take(3)},
      {"no delay: up to the maximum", {1, 1, 1, 1, 1}, 4, {4}, 0, 0, Take(4)},
      {"no delay: the best preferred size", {1, 1, 1, 1, 1}, 8, {2, 4}, 0, 0, Take(4)},
      {"no delay: past the largest preferred size", {3, 3}, 8, {4}, 0, 0, Take(1)},
      {"requests are not split", {3, 3, 3}, 8, {8}, 0, 0, Take(2)},
      {"delay: waits for more", {1, 1}, 8, {8}, 100, 50, WaitUntil(100, 8)},
      {"delay: waits for the next preferred size", {1, 1, 1}, 8, {2, 4, 8}, 100, 50, Take(2)},
      {"delay: below the smallest preferred size", {1}, 8, {2, 4}, 100, 50, WaitUntil(100, 2)},
      {"delay: elapsed", {1, 1, 1}, 8, {8}, 100, 100, Take(3)},
      {"delay: elapsed beats the preferred size", {1, 1, 1}, 8, {2, 8}, 100, 150, Take(3)},
      {"delay: full before it elapses", {4, 4, 1}, 8, {8}, 100, 0, Take(2)},
      {"delay: cannot grow", {4, 5}, 8, {8}, 100, 0, Take(1)},
      {"delay: past the largest preferred size", {5, 1}, 8, {4}, 100, 0, Take(1)},
      {"one request of the whole size", {8, 8}, 8, {8}, 100, 0, Take(1)},
  };
  for (const Case& c : cases) {
    std::vector<BatchCandidate> queue;
    for (const uint32_t rows : c.rows) queue.push_back({rows, At(0)});
    BatchingConfig config;
    config.max_batch_size = c.max_batch;
    config.preferred_sizes = c.preferred;
    config.max_queue_delay = microseconds(c.delay_us);
    const BatchDecision got = PickBatch(queue, config, At(c.now_us));
    EXPECT_EQ(got, c.expected) << c.what << ": kind " << int(got.kind) << " count " << got.count;
  }
}

class PickBatchWithPredicateTest : public ::testing::Test {
 protected:
  PickBatchWithPredicateTest() {
    config_.max_batch_size = 8;
    config_.preferred_sizes = {8};
    config_.max_queue_delay = microseconds(100);
  }
  BatchingConfig config_;
  const std::vector<BatchCandidate> four_ = {{1, At(30)}, {1, At(10)}, {1, At(20)}, {1, At(0)}};
};

TEST_F(PickBatchWithPredicateTest, EndsTheBatchBeforeARequestThatCannotShareIt) {
  EXPECT_EQ(PickBatch(four_, config_, At(40), [](size_t i) { return i != 2; }), Take(2));
}

TEST_F(PickBatchWithPredicateTest, CountsTheDelayFromTheOldestRequestWhereverItStands) {
  EXPECT_EQ(PickBatch(four_, config_, At(40)), WaitUntil(100, 8));
  EXPECT_EQ(PickBatch(std::span(four_).first(3), config_, At(40)), WaitUntil(110, 8));
}

TEST(PickBatchTest, ADelayThatCannotBeCountedWaitsForTheBatch) {
  BatchingConfig config;
  config.max_batch_size = 8;
  config.preferred_sizes = {8};
  config.max_queue_delay = Nanoseconds::max();
  const BatchCandidate queue[] = {{.rows = 1, .queued_at = At(1000)}};
  const BatchDecision decision = PickBatch(queue, config, At(2000), nullptr);
  EXPECT_EQ(decision.kind, Kind::kWait);
  EXPECT_EQ(decision.until, TimePoint::max());
}

}  // namespace
}  // namespace neso
