#include "perf/server_counts.h"

#include <gtest/gtest.h>

#include <utility>

namespace neso::perf {
namespace {

ServerCounts Of(std::vector<std::pair<std::string, uint64_t>> versions) {
  ServerCounts counts;
  for (auto& [version, count] : versions) {
    ServerCounts& one = counts.versions.emplace_back();
    one.version = version;
    one.inferences = one.executions = one.success.count = count;
    one.success.ns = 10 * count;
    counts += one;
  }
  return counts;
}

TEST(ServerCountsTest, ADifferenceIsOfAllVersions) {
  const ServerCounts difference = Of({{"1", 12}, {"2", 7}}) - Of({{"1", 10}, {"2", 4}});
  EXPECT_EQ(difference.inferences, 5u);
  EXPECT_EQ(difference.success.count, 5u);
  EXPECT_EQ(difference.success.ns, 50u);
}

TEST(ServerCountsTest, AVersionThatCameOrLeftMeanwhileMakesNoNonsense) {
  EXPECT_EQ((Of({{"2", 7}}) - Of({{"1", 1000}})).inferences, 7u);
  EXPECT_EQ((Of({{"1", 1004}, {"2", 7}}) - Of({{"1", 1000}})).inferences, 11u);
  EXPECT_EQ((Of({{"2", 7}}) - Of({{"1", 1000}, {"2", 5}})).success.count, 2u);
}

TEST(ServerCountsTest, AVersionThatWasLoadedAnewCountsFromZero) {
  EXPECT_EQ((Of({{"1", 7}}) - Of({{"1", 1000}})).executions, 7u);
}

TEST(ServerCountsTest, SoDoModelsThatAnswerForIt) {
  ServerCounts now = Of({{"1", 12}}), before = Of({{"1", 10}});
  now.composing = {Of({{"2", 3}})};
  before.composing = {Of({{"1", 9}})};
  EXPECT_EQ((now - before).composing.at(0).inferences, 3u);
}

}  // namespace
}  // namespace neso::perf
