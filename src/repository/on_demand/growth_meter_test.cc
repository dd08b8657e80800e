#include "repository/on_demand/growth_meter.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

MemoryReading Reading(int64_t heap, int64_t resident, int64_t children = 0) {
  return {.heap = heap, .resident = resident, .children = children};
}

// Nobody goes while the memory is read.
void Begin(GrowthMeter& meter, uint64_t load, int64_t weight, const MemoryReading& now) {
  meter.Begin(load, weight, now, meter.Mark());
}
GrowthMeter::Growth End(GrowthMeter& meter, uint64_t load, const MemoryReading& now) {
  return meter.End(load, now, meter.Mark());
}

TEST(GrowthMeterTest, ALoadTakesWhatTheMemoryGrowsBy) {
  GrowthMeter meter;
  Begin(meter, 1, 1, Reading(100, 1000));
  EXPECT_EQ(End(meter, 1, Reading(150, 1000)).use.host, 50) << "into memory that was free";
  Begin(meter, 2, 1, Reading(150, 1000));
  EXPECT_EQ(End(meter, 2, Reading(150, 1070, 30)).use.host, 100) << "mapped by itself, and in a worker";
  Begin(meter, 3, 1, Reading(150, 1070));
  EXPECT_EQ(End(meter, 3, Reading(50, 1000)).use.host, 0) << "somebody has given back";
}

TEST(GrowthMeterTest, WhatMallocKeepsOfALoadIsNoPartOfIt) {
  GrowthMeter meter;
  Begin(meter, 1, 1, {.heap = 100, .resident = 1000, .free = 10});
  EXPECT_EQ(End(meter, 1, {.heap = 130, .resident = 1065, .free = 45}).use.host, 30)
      << "a copy of 35 has come and gone";
  Begin(meter, 2, 1, {.heap = 130, .resident = 1065, .free = 45});
  EXPECT_EQ(End(meter, 2, {.heap = 160, .resident = 1085, .free = 15}).use.host, 30) << "into what was free";
}

TEST(GrowthMeterTest, LoadsSideBySideShareByTheirWeights) {
  GrowthMeter meter;
  Begin(meter, 1, 300, Reading(0, 0));
  Begin(meter, 2, 100, Reading(10, 0));
  EXPECT_EQ(End(meter, 2, Reading(50, 0)).use.host, 10);
  EXPECT_EQ(End(meter, 1, Reading(60, 0)).use.host, 10 + 30 + 10);
}

TEST(GrowthMeterTest, WhatIsKnownToHaveGoneDoesNotCount) {
  GrowthMeter meter;
  Begin(meter, 1, 1, Reading(1000, 5000));
  meter.Leaves("other");
  meter.Gone("other", {.host = 400});
  const GrowthMeter::Growth growth = End(meter, 1, Reading(700, 4700));
  EXPECT_EQ(growth.use.host, 100);
  EXPECT_TRUE(growth.is_host_known);
}

// Its memory may have been free before the load began, and then the load seems to take it as well.
TEST(GrowthMeterTest, WhatWasLeavingBeforeALoadAndGoesMeanwhileMakesItUncertain) {
  GrowthMeter meter;
  meter.Leaves("other");
  Begin(meter, 1, 1, Reading(600, 600));
  meter.Gone("other", {.host = 400});
  const GrowthMeter::Growth growth = End(meter, 1, Reading(700, 700));
  EXPECT_FALSE(growth.is_host_known);
  EXPECT_EQ(growth.use.host, 0);
}

// Its memory may be free already, which nobody has told yet, and then the load seems to take less.
TEST(GrowthMeterTest, WhatIsLeavingAtTheEndOfALoadMakesItUncertain) {
  GrowthMeter meter;
  Begin(meter, 1, 1, Reading(1000, 1000));
  meter.Leaves("other");
  EXPECT_FALSE(End(meter, 1, Reading(700, 700)).is_host_known);
}

TEST(GrowthMeterTest, WhatGoesWhileTheMemoryIsReadMakesItUncertain) {
  GrowthMeter meter;
  meter.Leaves("other");
  uint64_t mark = meter.Mark();
  meter.Gone("other", {.host = 400});
  meter.Begin(1, 1, Reading(1000, 1000), mark);
  EXPECT_FALSE(End(meter, 1, Reading(1100, 1100)).is_host_known);
  Begin(meter, 2, 1, Reading(1100, 1100));
  meter.Leaves("another");
  mark = meter.Mark();
  meter.Gone("another", {.host = 400});
  EXPECT_FALSE(meter.End(2, Reading(1200, 1200), mark).is_host_known);
}

TEST(GrowthMeterTest, WhatGoesWithoutAWordMakesALoadUncertain) {
  GrowthMeter meter;
  Begin(meter, 1, 1, Reading(1000, 1000));
  meter.Gone("other", {.host = 400});
  EXPECT_FALSE(End(meter, 1, Reading(700, 700)).is_host_known);
}

TEST(GrowthMeterTest, WhatSomebodyHoldsForLongDoesNoHarm) {
  GrowthMeter meter;
  meter.Leaves("held");
  Begin(meter, 1, 1, Reading(1000, 1000));
  const GrowthMeter::Growth growth = End(meter, 1, Reading(1100, 1100));
  EXPECT_TRUE(growth.is_host_known);
  EXPECT_EQ(growth.use.host, 100);
}

TEST(GrowthMeterTest, LibrariesAreNobodysInParticular) {
  GrowthMeter meter;
  Begin(meter, 1, 1, Reading(0, 0));
  MemoryReading after = Reading(500, 900, 30);
  after.opened_libraries = 2;
  const GrowthMeter::Growth first = End(meter, 1, after);
  EXPECT_EQ(first.use.host, 30);
  EXPECT_FALSE(first.is_host_known);
  Begin(meter, 2, 1, after);
  after.heap = 600;
  EXPECT_TRUE(End(meter, 2, after).is_host_known);
}

TEST(GrowthMeterTest, OfGpusItIsUncertainLikewise) {
  GrowthMeter meter;
  MemoryReading before = Reading(0, 0), after = Reading(0, 0);
  before.gpus = {{0, 100}};
  after.gpus = {{0, 400}};
  meter.Leaves("other");
  Begin(meter, 1, 1, before);
  meter.Gone("other", {.gpus = {{0, 300}}});
  const GrowthMeter::Growth growth = End(meter, 1, after);
  EXPECT_FALSE(growth.are_gpus_known);
  EXPECT_TRUE(growth.use.gpus.empty()) << "300 or 600, which nobody knows";
  Begin(meter, 2, 1, after);
  after.gpus[0] = 450;
  after.opened_libraries = 1;
  const GrowthMeter::Growth next = End(meter, 2, after);
  EXPECT_TRUE(next.are_gpus_known);
  EXPECT_FALSE(next.is_host_known);
  EXPECT_EQ(next.use.gpus, (std::map<int, int64_t>{{0, 50}}));
}

TEST(GrowthMeterTest, GpusAreMeasuredOneByOne) {
  GrowthMeter meter;
  MemoryReading before, after;
  before.gpus = {{0, 100}, {1, 100}};
  after.gpus = {{0, 180}, {1, 90}};
  Begin(meter, 1, 1, before);
  EXPECT_EQ(End(meter, 1, after).use.gpus, (std::map<int, int64_t>{{0, 80}, {1, 0}}));
}

}  // namespace
}  // namespace neso
