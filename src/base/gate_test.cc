#include "base/gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace neso {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TimePoint In(Nanoseconds time) { return std::chrono::steady_clock::now() + time; }

TEST(GateTest, CountsWhatIsInside) {
  Gate gate;
  EXPECT_EQ(gate.inside(), 0u);
  Gate::Pass first = gate.Enter();
  {
    const Gate::Pass second = gate.Enter();
    EXPECT_TRUE(second);
    EXPECT_EQ(gate.inside(), 2u);
  }
  EXPECT_EQ(gate.inside(), 1u);
  first.GiveBack();
  EXPECT_FALSE(first);
  first.GiveBack();
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(GateTest, APassThatMovesIsGivenBackOnce) {
  Gate gate;
  Gate::Pass pass = gate.Enter();
  Gate::Pass other = std::move(pass);
  EXPECT_TRUE(other);
  EXPECT_EQ(gate.inside(), 1u);
  other = gate.Enter();  // the former one goes back
  EXPECT_EQ(gate.inside(), 1u);
  other = Gate::Pass();
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(GateTest, RefusesOnceClosedAndKeepsWhatIsInside) {
  Gate gate;
  const Gate::Pass pass = gate.Enter();
  gate.Close();
  EXPECT_FALSE(gate.Enter());
  EXPECT_EQ(gate.inside(), 1u);
}

TEST(GateTest, WaitsForTheLastOne) {
  Gate gate;
  std::optional<Gate::Pass> first = gate.Enter(), second = gate.Enter();
  EXPECT_FALSE(gate.WaitUntilEmpty(In(milliseconds(1))));
  std::atomic<bool> last_is_leaving{false};
  std::thread leaving([&] {
    first.reset();
    last_is_leaving = true;
    second.reset();
  });
  gate.WaitUntilEmpty();
  EXPECT_TRUE(last_is_leaving);
  EXPECT_TRUE(gate.WaitUntilEmpty(In(hours(1))));
  leaving.join();
}

TEST(GateTest, MayEndAsSoonAsItIsEmpty) {
  for (int round = 0; round < 200; round++) {
    auto gate = std::make_unique<Gate>();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++) threads.emplace_back([pass = gate->Enter()]() mutable { pass.GiveBack(); });
    gate->Close();
    gate->WaitUntilEmpty();
    gate.reset();
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace neso
