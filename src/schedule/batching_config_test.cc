#include "schedule/batching_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/test_support.h"
#include "schedule/sequence_config.h"

namespace neso {
namespace {

using ::testing::ElementsAre;

TEST(BatchingConfigTest, PrefersTheMaximumWhenNothingElseIsSaid) {
  const BatchingConfig config = DynamicConfig(test::ParseConfig("max_batch_size: 8 dynamic_batching { }"));
  EXPECT_THAT(config.preferred_sizes, ElementsAre(8));
  EXPECT_EQ(config.levels.size(), 1u);
}

TEST(BatchingConfigTest, SortsPreferredSizes) {
  const BatchingConfig config =
      DynamicConfig(test::ParseConfig("max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 6, 2 ] }"));
  EXPECT_THAT(config.preferred_sizes, ElementsAre(2, 6));
  EXPECT_EQ(config.max_preferred_size(), 6u);
}

TEST(BatchingConfigTest, KnowsTheParameterThatRequestsOfABatchHaveInCommon) {
  const std::string keyed =
      R"(max_batch_size: 8 parameters { key: "BATCH_KEY_PARAMETER" value { string_value: "tenant" } })";
  EXPECT_EQ(DynamicConfig(test::ParseConfig(keyed + " dynamic_batching { }")).key_parameter, "tenant");
  EXPECT_EQ(MakeSequenceConfig(test::ParseConfig(keyed + " sequence_batching { oldest { } }")).oldest->key_parameter,
            "tenant");
  EXPECT_EQ(DynamicConfig(test::ParseConfig("max_batch_size: 8 dynamic_batching { }")).key_parameter, "");
}

TEST(BatchingConfigTest, GivesLevelsWithoutPolicyTheDefaultOne) {
  const BatchingConfig config = DynamicConfig(test::ParseConfig(R"(max_batch_size: 8 dynamic_batching {
    priority_levels: 3 default_priority_level: 2
    default_queue_policy { max_queue_size: 5 timeout_action: DELAY default_timeout_microseconds: 7 }
    priority_queue_policy { key: 2 value { max_queue_size: 9 } } })"));
  ASSERT_EQ(config.levels.size(), 3u);
  EXPECT_EQ(config.levels[0].max_queue_size, 5u);
  EXPECT_TRUE(config.levels[2].delay_expired);
  EXPECT_EQ(config.levels[2].default_timeout, std::chrono::microseconds(7));
  EXPECT_EQ(config.levels[1].max_queue_size, 9u);
  EXPECT_FALSE(config.levels[1].delay_expired);
}

TEST(BatchingConfigTest, TakesTimesAsLongAsTheyCanBeCounted) {
  const BatchingConfig config = DynamicConfig(test::ParseConfig(R"(max_batch_size: 8 dynamic_batching {
    max_queue_delay_microseconds: 18446744073709551615
    default_queue_policy { default_timeout_microseconds: 18446744073709551615 } })"));
  EXPECT_EQ(config.max_queue_delay, Nanoseconds::max());
  EXPECT_EQ(config.levels[0].default_timeout, Nanoseconds::max());
}

TEST(BatchingConfigTest, TakesParametersOver) {
  const BatchingConfig config = DynamicConfig(test::ParseConfig(R"(max_batch_size: 8 dynamic_batching { }
    parameters { key: "LATENCY_TARGET_MICROSECONDS" value { string_value: "5000" } }
    parameters { key: "FAIR_SHARE_PARAMETER" value { string_value: "client" } })"));
  EXPECT_EQ(config.latency_target, std::chrono::milliseconds(5));
  EXPECT_EQ(config.fair_share_by, "client");
}

}  // namespace
}  // namespace neso
