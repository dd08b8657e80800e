#include "repository/on_demand/growth_meter.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

MemoryReading Reading(int64_t heap, int64_t resident, int64_t children = 0) {
  return {.heap = heap, .resident = resident, .children = children};
}

TEST(GrowthMeterTest, ALoadTakesWhatTheMemoryGrowsBy) {
  GrowthMeter meter;
  meter.Begin(1, 1, Reading(100, 1000));
  EXPECT_EQ(meter.End(1, Reading(150, 1000)).use.host, 50) << "into memory that was free";
  meter.Begin(2, 1, Reading(150, 1000));
  EXPECT_EQ(meter.End(2, Reading(150, 1070, 30)).use.host, 100) << "mapped by itself, and in a worker";
  meter.Begin(3, 1, Reading(150, 1070));
  EXPECT_EQ(meter.End(3, Reading(50, 1000)).use.host, 0) << "somebody has given back";
}

TEST(GrowthMeterTest, LoadsSideBySideShareByTheirWeights) {
  GrowthMeter meter;
  meter.Begin(1, 300, Reading(0, 0));
  meter.Begin(2, 100, Reading(10, 0));
  EXPECT_EQ(meter.End(2, Reading(50, 0)).use.host, 10);
  EXPECT_EQ(meter.End(1, Reading(60, 0)).use.host, 10 + 30 + 10);
}

TEST(GrowthMeterTest, WhatIsKnownToHaveGoneDoesNotCount) {
  GrowthMeter meter;
  meter.Begin(1, 1, Reading(1000, 5000));
  meter.Gone({.host = 400});
  EXPECT_EQ(meter.End(1, Reading(700, 4700)).use.host, 100);
}

TEST(GrowthMeterTest, LibrariesAreNobodysInParticular) {
  GrowthMeter meter;
  meter.Begin(1, 1, Reading(0, 0));
  MemoryReading after = Reading(500, 900, 30);
  after.opened_libraries = 2;
  const GrowthMeter::Growth first = meter.End(1, after);
  EXPECT_EQ(first.use.host, 30);
  EXPECT_FALSE(first.is_host_known);
  meter.Begin(2, 1, after);
  after.heap = 600;
  EXPECT_TRUE(meter.End(2, after).is_host_known);
}

TEST(GrowthMeterTest, GpusAreMeasuredOneByOne) {
  GrowthMeter meter;
  MemoryReading before, after;
  before.gpus = {{0, 100}, {1, 100}};
  after.gpus = {{0, 180}, {1, 90}};
  meter.Begin(1, 1, before);
  EXPECT_EQ(meter.End(1, after).use.gpus, (std::map<int, int64_t>{{0, 80}, {1, 0}}));
}

}  // namespace
}  // namespace neso
