#include "repository/on_demand/pick_victims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TimePoint At(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

LoadedModel Model(const std::string& name, int64_t bytes, int last_use) {
  return {.name = name, .use = {.host = bytes}, .last_use = At(last_use)};
}

TEST(PickVictimsTest, TheLeastRecentlyUsedLeaveUntilThereIsRoom) {
  const std::vector<LoadedModel> models = {Model("new", 10, 9), Model("oldest", 10, 1), Model("old", 10, 2)};
  const Victims victims = PickVictims(models, {.host = 15});
  EXPECT_THAT(victims.names, ElementsAre("oldest", "old"));
  EXPECT_TRUE(victims.is_enough);
  EXPECT_THAT(PickVictims(models, {.host = 10}).names, ElementsAre("oldest"));
  EXPECT_THAT(PickVictims(models, {}).names, IsEmpty());
}

TEST(PickVictimsTest, WhoIsInUseOrPinnedStays) {
  std::vector<LoadedModel> models = {Model("busy", 10, 1), Model("pinned", 10, 2), Model("idle", 10, 3)};
  models[0].is_in_use = true;
  models[1].is_pinned = true;
  const Victims victims = PickVictims(models, {.host = 11});
  EXPECT_THAT(victims.names, ElementsAre("idle"));
  EXPECT_FALSE(victims.is_enough);
}

TEST(PickVictimsTest, OnlyWhoHasOfWhatIsShortLeaves) {
  std::vector<LoadedModel> models = {Model("host", 10, 1), Model("gpu", 1, 2)};
  models[1].use.gpus[0] = 100;
  EXPECT_THAT(PickVictims(models, {.host = 0, .gpus = {{0, 50}}}).names, ElementsAre("gpu"));
  EXPECT_FALSE(PickVictims(models, {.host = 0, .gpus = {{1, 50}}}).is_enough);
}

TEST(PickVictimsTest, EnsemblesGoBeforeTheirModelsAndCountWithTheirUse) {
  std::vector<LoadedModel> models = {Model("part", 10, 1), Model("alone", 10, 2), Model("outer", 0, 5),
                                     Model("inner", 0, 3)};
  models[0].ensembles = {"inner", "outer"};
  models[3].ensembles = {"outer"};
  EXPECT_THAT(PickVictims(models, {.host = 10}).names, ElementsAre("alone"));
  EXPECT_THAT(PickVictims(models, {.host = 20}).names, ElementsAre("alone", "outer", "inner", "part"));
}

TEST(PickVictimsTest, AModelWhoseEnsembleIsBusyOrPinnedStays) {
  std::vector<LoadedModel> models = {Model("part", 10, 1), Model("ensemble", 0, 5)};
  models[0].ensembles = {"ensemble"};
  models[1].is_in_use = true;
  EXPECT_THAT(PickVictims(models, {.host = 10}).names, IsEmpty());
  models[1].is_in_use = false;
  models[1].is_pinned = true;
  EXPECT_THAT(PickVictims(models, {.host = 10}).names, IsEmpty());
}

TEST(PickIdleTest, ThoseThatNobodyHasUsedForLong) {
  std::vector<LoadedModel> models = {Model("used", 1, 9), Model("idle", 0, 1), Model("pinned", 1, 1)};
  models[2].is_pinned = true;
  EXPECT_THAT(PickIdle(models, At(5)), ElementsAre("idle"));
  EXPECT_THAT(PickIdle(models, At(1)), IsEmpty());
}

TEST(MemoryUseTest, TheExcessIsCountedKindByKind) {
  const MemoryUse use{.host = 30, .gpus = {{0, 5}, {1, 50}}};
  EXPECT_EQ(ExcessOver(use, {.host = 20, .gpus = {{1, 40}}}), (MemoryUse{.host = 10, .gpus = {{1, 10}}}));
  EXPECT_TRUE(ExcessOver(use, {}).IsNothing());
  EXPECT_EQ(ToText(MemoryUse{.host = 1'234'567, .gpus = {{0, 2'000'000'000}}}), "1.2 MB and 2.0 GB of GPU 0");
}

}  // namespace
}  // namespace neso
