#include "core/statistics.h"

#include <gtest/gtest.h>

#include "core/test_support.h"

namespace neso {
namespace {

using Kind = StatisticsShard::ResponseKind;

TEST(StatisticsShardTest, CutsAnExecutionIntoItsPhases) {
  StatisticsShard shard;
  const auto request = InferenceRequest::Create(test::MakeModel(R"(name: "m")"), -1);
  shard.RecordSuccess(*request, {1'000'500, 1'001'900, 1'005'900, 1'006'100}, 2'000'000);
  shard.RecordBatch(4, {1'000'500, 1'001'900, 1'005'900, 1'006'100});
  StatisticsSnapshot total;
  shard.AddTo(total);
  EXPECT_EQ(total.inference_count, 1u);
  EXPECT_EQ(total.execution_count, 1u);
  EXPECT_EQ(total.success.count, 1u);
  EXPECT_EQ(total.compute_input.ns, 1400u);
  EXPECT_EQ(total.compute_infer.ns, 4000u);
  EXPECT_EQ(total.compute_output.ns, 200u);
  EXPECT_EQ(total.batches.at(4).compute_infer.ns, 4000u);
  EXPECT_GT(total.last_inference_ms, 0u);
}

TEST(StatisticsShardTest, TruncatesToMicrosecondsRequestByRequest) {
  StatisticsShard shard;
  const auto request = InferenceRequest::Create(test::MakeModel(R"(name: "m")"), -1);
  for (int i = 0; i < 3; ++i) shard.RecordSuccess(*request, {1000, 2900, 2900, 2900}, 3000);
  StatisticsSnapshot total;
  shard.AddTo(total);
  EXPECT_EQ(total.compute_input.ns, 3 * 1900u);
  EXPECT_EQ(total.compute_input_us, 3u);
}

TEST(StatisticsShardTest, NeverCountsNegativeDurations) {
  StatisticsShard shard;
  shard.RecordFailure(10, 5, InferenceRequest::FailureReason::kOther);
  shard.RecordBatch(1, {4, 3, 2, 1});
  StatisticsSnapshot total;
  shard.AddTo(total);
  EXPECT_EQ(total.fail.ns, 0u);
  EXPECT_EQ(total.failures[3], 1u);
  EXPECT_EQ(total.batches.at(1).compute_input.ns, 0u);
}

TEST(StatisticsShardTest, CountsAResponseByWhatBecameOfIt) {
  StatisticsShard shard;
  shard.RecordResponse(0, Kind::kSuccess, 100, 130, 180);
  shard.RecordResponse(0, Kind::kFail, 100, 0, 150);
  shard.RecordResponse(1, Kind::kEmpty, 100, 0, 110);
  shard.RecordResponse(1, Kind::kCancel, 100, 0, 107);
  StatisticsSnapshot total;
  shard.AddTo(total);
  const ResponseStatistics& first = total.responses.at(0);
  EXPECT_EQ(first.success.ns, 80u);
  EXPECT_EQ(first.fail.ns, 50u);
  EXPECT_EQ(first.compute_infer.count, 2u);
  EXPECT_EQ(first.compute_infer.ns, 80u);
  EXPECT_EQ(first.compute_output.ns, 50u);
  const ResponseStatistics& second = total.responses.at(1);
  EXPECT_EQ(second.empty_response.ns, 10u);
  EXPECT_EQ(second.cancel.ns, 7u);
  EXPECT_EQ(second.compute_infer.count, 1u);
}

TEST(StatisticsShardTest, AnEndlessStreamDoesNotTakeAllMemory) {
  StatisticsShard shard;
  for (uint64_t index = 0; index < StatisticsShard::kLastResponse + 5; ++index) {
    shard.RecordResponse(index, Kind::kSuccess, 100, 130, 180);
  }
  StatisticsSnapshot total;
  shard.AddTo(total);
  EXPECT_EQ(total.responses.size(), StatisticsShard::kLastResponse + 1);
  EXPECT_EQ(total.responses.at(StatisticsShard::kLastResponse - 1).success.count, 1u);
  EXPECT_EQ(total.responses.at(StatisticsShard::kLastResponse).success.count, 5u);
}

TEST(ModelStatisticsTest, SumsOverShards) {
  ModelStatistics statistics;
  statistics.TakeShard().RecordBatch(2, {1, 2, 3, 4});
  statistics.TakeShard().RecordBatch(2, {1, 2, 3, 4});
  statistics.common().RecordCacheMiss(2500, 10'000);
  const StatisticsSnapshot total = statistics.Snapshot();
  EXPECT_EQ(total.execution_count, 2u);
  EXPECT_EQ(total.batches.at(2).compute_infer.count, 2u);
  EXPECT_EQ(total.cache_miss_us, 2u);
}

TEST(ModelStatisticsTest, AnInstanceCountsOnWhereOneOfItsGpuHasGone) {
  ModelStatistics statistics;
  StatisticsShard& first = statistics.TakeShard(0);
  first.RecordBatch(2, {1, 2, 3, 4});
  EXPECT_NE(&statistics.TakeShard(0), &first);
  statistics.GiveBackShard(first);
  EXPECT_EQ(statistics.Snapshot().execution_count, 1u);
  EXPECT_NE(&statistics.TakeShard(1), &first);
  StatisticsShard& next = statistics.TakeShard(0);
  EXPECT_EQ(&next, &first);
  next.RecordBatch(2, {1, 2, 3, 4});
  EXPECT_EQ(statistics.CountsByGpu().at(0).totals.execution_count, 2u);
}

TEST(ModelStatisticsTest, ACacheHitIsASuccessThatIsNotInferred) {
  const ModelHandle model = test::MakeModel("name: 'm'");
  const std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);  // of time 0
  StatisticsShard shard;
  shard.RecordCacheHit(*request, 3000, 5000);
  StatisticsSnapshot total;
  shard.AddTo(total);
  EXPECT_EQ(total.success.count, 1u);
  EXPECT_EQ(total.success.ns, 5000u);
  EXPECT_EQ(total.queue.ns, 3000u);
  EXPECT_EQ(total.cache_hit.count, 1u);
  EXPECT_EQ(total.cache_hit.ns, 2000u);
  EXPECT_EQ(total.cache_hit_us, 2u);
  EXPECT_EQ(total.inference_count, 0u);
}

TEST(ModelStatisticsTest, ReplacesAReportersMemoryUsage) {
  ModelStatistics statistics;
  const int a = 0, b = 0;
  statistics.SetMemoryUsage(&a, {{"CPU", 0, 10}});
  statistics.SetMemoryUsage(&b, {{"GPU", 1, 20}});
  statistics.SetMemoryUsage(&a, {});
  ASSERT_EQ(statistics.MemoryUsages().size(), 1u);
  EXPECT_EQ(statistics.MemoryUsages()[0].byte_size, 20u);
}

}  // namespace
}  // namespace neso
