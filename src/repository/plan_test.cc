#include "repository/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using enum VersionActionKind;

struct PlanCase {
  const char* name;
  std::vector<KnownVersion> known;
  std::vector<WantedVersion> wanted;
  ConfigChange change;
  std::vector<VersionAction> expected;
};

class PlanVersionsTest : public ::testing::TestWithParam<PlanCase> {};

TEST_P(PlanVersionsTest, GivesOneActionForEachVersion) {
  const PlanCase& c = GetParam();
  EXPECT_EQ(PlanVersions(c.known, c.wanted, c.change), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlanVersionsTest,
    ::testing::Values(
        PlanCase{"FirstLoad", {}, {{1, 7}}, ConfigChange::kReload, {{kLoad, 1}}},
        PlanCase{"NothingChanged", {{1, true, 7}}, {{1, 7}}, ConfigChange::kNone, {{kKeep, 1}}},
        PlanCase{"NothingChangedButLost", {{1, true, 7, true}}, {{1, 7}}, ConfigChange::kNone, {{kLoad, 1}}},
        PlanCase{"LostAndInstancesChanged", {{1, true, 7, true}}, {{1, 7}}, ConfigChange::kInPlace, {{kLoad, 1}}},
        PlanCase{"LostAndNotWanted", {{1, true, 7, true}}, {}, ConfigChange::kNone, {{kUnload, 1}}},
        PlanCase{"FilesChanged", {{1, true, 7}}, {{1, 8}}, ConfigChange::kNone, {{kLoad, 1}}},
        PlanCase{"ConfigChanged", {{1, true, 7}}, {{1, 7}}, ConfigChange::kReload, {{kLoad, 1}}},
        PlanCase{"InstancesChanged", {{1, true, 7}}, {{1, 7}}, ConfigChange::kInPlace, {{kUpdateInPlace, 1}}},
        PlanCase{"InstancesAndFilesChanged", {{1, true, 7}}, {{1, 8}}, ConfigChange::kInPlace, {{kLoad, 1}}},
        PlanCase{"NewVersionReplacesOld", {{1, true, 7}}, {{2, 7}}, ConfigChange::kNone, {{kUnload, 1}, {kLoad, 2}}},
        PlanCase{"NewVersionJoins", {{1, true, 7}}, {{1, 7}, {2, 9}}, ConfigChange::kNone, {{kKeep, 1}, {kLoad, 2}}},
        PlanCase{"FailedBefore", {{1, false, 7}}, {{1, 7}}, ConfigChange::kNone, {{kLoad, 1}}},
        PlanCase{"NotReadyAndNotWanted", {{1, false, 7}}, {}, ConfigChange::kNone, {}}),
    [](const auto& info) { return info.param.name; });

TEST(PlanLoadOrderTest, ModelsComeAfterThoseTheyNeed) {
  const DependencyGraph graph = {{"outer", {{"inner", "a"}, true}}, {"inner", {{"a", "b"}, false}}};
  EXPECT_THAT(PlanLoadOrder(graph, {"outer", "inner", "a", "b"}),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("inner"), ElementsAre("outer")));
}

TEST(PlanLoadOrderTest, NeedsOutsideTheNamesDoNotCount) {
  const DependencyGraph graph = {{"e", {{"missing"}, true}}};
  EXPECT_THAT(PlanLoadOrder(graph, {"e"}), ElementsAre(ElementsAre("e")));
}

TEST(PlanLoadOrderTest, CirclesComeLast) {
  const DependencyGraph graph = {{"a", {{"b"}, true}}, {"b", {{"a"}, true}}};
  EXPECT_THAT(PlanLoadOrder(graph, {"a", "b", "c"}), ElementsAre(ElementsAre("c"), ElementsAre("a", "b")));
}

TEST(UsersOfTest, EnsemblesThatCallAModelOrACallerOfIt) {
  const DependencyGraph graph = {{"a", {}}, {"b", {}}, {"ab", {{"a", "b"}}}, {"outer", {{"ab"}}}, {"other", {{"b"}}}};
  EXPECT_THAT(UsersOf(graph, {"a"}), ElementsAre("ab", "outer"));
  EXPECT_THAT(UsersOf(graph, {"b", "ab"}), ElementsAre("other", "outer"));
  EXPECT_THAT(UsersOf(graph, {"outer"}), ElementsAre());
  EXPECT_THAT(UsersOf({{"x", {{"y"}}}, {"y", {{"x"}}}}, {"x"}), ElementsAre("y"));
}

TEST(PlanUnloadTest, EnsemblesGoBeforeTheModelTheyNeed) {
  const DependencyGraph loaded = {{"e", {{"m"}, true}}, {"m", {{}, true}}, {"other", {{}, true}}};
  EXPECT_THAT(PlanUnload(loaded, "m", false), ElementsAre("e", "m"));
}

TEST(PlanUnloadTest, DependentsAreThoseNobodyElseWants) {
  const DependencyGraph loaded = {{"e", {{"m", "shared", "asked"}, true}},
                                  {"f", {{"shared"}, true}},
                                  {"m", {{}, false}},
                                  {"shared", {{}, false}},
                                  {"asked", {{}, true}}};
  EXPECT_THAT(PlanUnload(loaded, "e", true), ElementsAre("e", "m"));
  EXPECT_THAT(PlanUnload(loaded, "e", false), ElementsAre("e"));
}

TEST(PlanUnloadTest, UnknownModelsNeedNothing) { EXPECT_THAT(PlanUnload({}, "m", true), IsEmpty()); }

}  // namespace
}  // namespace neso
