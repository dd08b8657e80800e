#include "schedule/resource_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/test_support.h"

namespace neso {
namespace {

using ::testing::ElementsAre;

inference::ModelRateLimiter Limiter(const std::string& text) {
  inference::ModelRateLimiter limiter;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &limiter), "the test's configuration is valid");
  return limiter;
}

inference::ModelRateLimiter OnDevice(int count) {
  return Limiter(R"(resources { name: "R" count: )" + std::to_string(count) + "}");
}
inference::ModelRateLimiter Global(int count) {
  return Limiter(R"(resources { name: "R" global: true count: )" + std::to_string(count) + "}");
}

TEST(ResourceTableTest, WithoutLimitsThereIsAsMuchAsTheNeediestInstanceNeeds) {
  ResourceTable table({});
  const std::vector<ResourceNeed> two = *table.Add(OnDevice(2), 0);
  EXPECT_THAT(table.free(), ElementsAre(2));
  const std::vector<ResourceNeed> five = *table.Add(OnDevice(5), 0);
  EXPECT_THAT(table.free(), ElementsAre(5));
  table.Use(two);
  EXPECT_THAT(table.free(), ElementsAre(3));
  table.Remove(five);
  EXPECT_THAT(table.free(), ElementsAre(0));
  table.GiveBack(two);
  EXPECT_THAT(table.free(), ElementsAre(2));
}

TEST(ResourceTableTest, WhatIsInUseStaysSoWhenThereIsLessOfIt) {
  ResourceTable table({});
  const auto small = *table.Add(OnDevice(1), 0);
  const auto large = *table.Add(OnDevice(3), 0);
  table.Use(small);
  const auto another = *table.Add(OnDevice(2), 0);
  table.Use(another);
  table.Remove(large);
  EXPECT_THAT(table.free(), ElementsAre(0)) << "three in use, two in all";
  table.GiveBack(another);
  EXPECT_THAT(table.free(), ElementsAre(1));
}

TEST(ResourceTableTest, EachDeviceHasItsOwnAndAGlobalOneIsSharedByAll) {
  ResourceTable table({});
  EXPECT_NE((*table.Add(OnDevice(1), 0))[0].resource, (*table.Add(OnDevice(1), 1))[0].resource);
  ResourceTable global({});
  EXPECT_EQ((*global.Add(Global(1), 0))[0].resource, (*global.Add(Global(1), 1))[0].resource);
}

TEST(ResourceTableTest, OfAResourceThatIsNamedTwiceTheLastCounts) {
  ResourceTable table({});
  const auto needs = *table.Add(Limiter(R"(resources { name: "R" count: 1 } resources { name: "R" count: 4 })"), 0);
  ASSERT_EQ(needs.size(), 1U);
  EXPECT_EQ(needs[0].count, 4U);
}

TEST(ResourceTableTest, TheLargestLimitThatAppliesCounts) {
  constexpr int kEvery = ResourceLimit::kEveryDevice;
  struct Case {
    std::vector<ResourceLimit> limits;
    inference::ModelRateLimiter limiter;
    int device;
    uint64_t limit;
  };
  for (const Case& c : {
           Case{{{"R", 9}}, OnDevice(1), 3, 9},
           Case{{{"R", 9}, {"R", 4, 0}}, OnDevice(1), 0, 9},
           Case{{{"R", 4}, {"R", 9, 0}}, OnDevice(1), 0, 9},
           Case{{{"R", 4}, {"R", 9, 0}}, OnDevice(1), 1, 4},
           Case{{{"R", 9, 1}}, OnDevice(1), 0, 0},
           Case{{{"R", 9, kEvery}, {"R", 4, kEvery}}, OnDevice(1), 0, 4},
           Case{{{"R", 1}, {"R", 9, 7}}, Global(1), 0, 9},
           Case{{{"S", 9}}, OnDevice(1), 0, 0},
           Case{{{"r", 9}}, OnDevice(1), 0, 0},
       }) {
    ResourceTable table(c.limits);
    if (c.limit > 0) {
      ASSERT_TRUE(table.Add(c.limiter, c.device).ok());
      EXPECT_THAT(table.free(), ElementsAre(c.limit));
      continue;
    }
    const auto refused = table.Add(c.limiter, c.device);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), StatusCode::kInvalidArg);
    EXPECT_EQ(refused.error().message(),
              "Resource count for \"R\" is limited to 0 which will prevent scheduling of one or more model instances, "
              "the minimum required count is 1");
  }
}

TEST(ResourceTableTest, AResourceIsGlobalOrOfADevice) {
  const std::string text =
      "Resource \"R\" is present as both global and device-specific resource in the model configuration.";
  ResourceTable table({});
  const auto first = *table.Add(OnDevice(1), 0);
  EXPECT_EQ(table.Add(Global(1), 0).error().message(), text);
  table.Remove(first);
  EXPECT_TRUE(table.Add(Global(1), 0).ok()) << "nobody needs the other any more";
  EXPECT_EQ(table.Add(OnDevice(1), 5).error().message(), text);
  const auto both = Limiter(R"(resources { name: "S" count: 1 } resources { name: "S" global: true count: 1 })");
  EXPECT_EQ(table.Add(both, 0).error().message().substr(0, 12), "Resource \"S\"");
}

TEST(ResourceTableTest, APlaceIsUsedAgain) {
  ResourceTable table({});
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(i);
    table.Remove(*table.Add(Limiter("resources { name: '" + name + "' count: 1 }"), 0));
  }
  EXPECT_THAT(table.free(), ElementsAre(0));
}

}  // namespace
}  // namespace neso
