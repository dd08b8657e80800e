#include "client_library/balancer.h"

#include <gtest/gtest.h>

#include <array>

namespace neso::client_library {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kNow{seconds(100)};

// How often each endpoint was picked in a thousand calls.
std::vector<int> Picks(const std::vector<EndpointState>& endpoints, std::optional<size_t> failed_before = {}) {
  std::minstd_rand random(1);
  std::vector<int> picks(endpoints.size());
  for (int i = 0; i < 1000; ++i) picks[PickEndpoint(endpoints, kNow, failed_before, random)]++;
  return picks;
}

TEST(BalancerTest, SpreadsCallsOverEndpointsThatAreAlike) {
  for (const int picks : Picks({{}, {}, {}})) EXPECT_NEAR(picks, 333, 80);
}

TEST(BalancerTest, PrefersWhoHasLessToDo) {
  const std::vector<int> picks = Picks({{.outstanding = 5}, {.outstanding = 1}});
  EXPECT_NEAR(picks[0], 250, 80);  // when it was picked twice
}

TEST(BalancerTest, LeavesOutWhoIsAvoidedOrHasJustFailed) {
  EXPECT_EQ(Picks({{.avoided_until = kNow + seconds(1)}, {}}), (std::vector<int>{0, 1000}));
  EXPECT_EQ(Picks({{.avoided_until = kNow - seconds(1)}, {}}, 1), (std::vector<int>{1000, 0}));
}

TEST(BalancerTest, TakesTheOneWhoseTimeIsUpFirstWhenAllAreAvoided) {
  EXPECT_EQ(Picks({{.avoided_until = kNow + seconds(2)}, {.avoided_until = kNow + seconds(1)}}),
            (std::vector<int>{0, 1000}));
}

TEST(BalancerTest, AsksTheOnlyEndpointAgain) { EXPECT_EQ(Picks({{}}, 0), std::vector<int>{1000}); }

TEST(BalancerTest, AvoidsLongerAfterEachFailure) {
  EXPECT_EQ(AvoidanceAfter(1), milliseconds(100));
  EXPECT_EQ(AvoidanceAfter(3), milliseconds(400));
  EXPECT_EQ(AvoidanceAfter(1'000'000), seconds(10));
}

}  // namespace
}  // namespace neso::client_library
