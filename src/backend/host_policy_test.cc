#include "backend/host_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>

#include <thread>

namespace neso {
namespace {

using ::testing::ElementsAre;

TEST(HostPolicyTest, ShowsAnEmptyPolicyWithoutSettings) {
  Expected<HostPolicy> policy = HostPolicy::Make("cpu", nullptr);
  ASSERT_TRUE(policy.ok());
  EXPECT_EQ(policy->json(), R"({"cpu":{}})");
  EXPECT_FALSE(policy->binds());
}

TEST(HostPolicyTest, ShowsSettingsSortedAndTheLastValueOfEach) {
  const BackendSettings settings = {{"numa-node", "1"}, {"cpu-cores", "0-1"}, {"numa-node", "0"}};
  Expected<HostPolicy> policy = HostPolicy::Make("hp", &settings);
  ASSERT_TRUE(policy.ok());
  EXPECT_EQ(policy->json(), R"({"hp":{"cpu-cores":"0-1","numa-node":"0"}})");
  EXPECT_TRUE(policy->binds());
  EXPECT_EQ(policy->numa_node(), 0);
  EXPECT_THAT(policy->cores(), ElementsAre(0, 1));
}

TEST(HostPolicyTest, ParsesCoresAndRanges) {
  EXPECT_THAT(*ParseCpuCores("0-2,7"), ElementsAre(0, 1, 2, 7));
  EXPECT_THAT(*ParseCpuCores("3"), ElementsAre(3));
  for (const char* bad : {"", "a", "1-", "-1", "3-1", "1,,2", "99999", "1 - 2"}) {
    EXPECT_FALSE(ParseCpuCores(bad).ok()) << bad;
  }
}

TEST(HostPolicyTest, RefusesWhatItDoesNotKnow) {
  const BackendSettings unknown = {{"colour", "red"}};
  EXPECT_EQ(HostPolicy::Make("hp", &unknown).error().code(), StatusCode::kInvalidArg);
  const BackendSettings bad_node = {{"numa-node", "x"}};
  EXPECT_EQ(HostPolicy::Make("hp", &bad_node).error().code(), StatusCode::kInvalidArg);
}

TEST(HostPolicyTest, BindsAThread) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  const BackendSettings settings = {{"cpu-cores", std::to_string(core)}};
  Expected<HostPolicy> policy = HostPolicy::Make("hp", &settings);
  ASSERT_TRUE(policy.ok());
  std::thread([&] {
    policy->BindThread();
    cpu_set_t set;
    ASSERT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
    EXPECT_EQ(CPU_COUNT(&set), 1);
    EXPECT_TRUE(CPU_ISSET(core, &set));
  }).join();
}

}  // namespace
}  // namespace neso
