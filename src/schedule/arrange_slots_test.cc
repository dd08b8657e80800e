#include "schedule/arrange_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = SlotsDecision::Kind;

const TimePoint kBegin{milliseconds(1000)};

struct DecideCase {
  const char* what;
  size_t ready;
  milliseconds waited;
  float minimum_utilization;
  milliseconds delay;
  SlotsDecision expected;
};

TEST(DecideSlotsTest, SendsABatchWhenItIsFullEnoughOrHasWaitedLongEnough) {
  const SlotsDecision take{.kind = Kind::kTake};
  const auto wait_until = [](int ms) { return SlotsDecision{Kind::kWait, kBegin + milliseconds(ms)}; };
  const DecideCase cases[] = {
      {"nothing is there", 0, milliseconds(0), 0, milliseconds(0), {}},
      {"one is enough", 1, milliseconds(0), 0, milliseconds(0), take},
      {"a delay alone does nothing", 1, milliseconds(0), 0, milliseconds(50), take},
      {"a utilization alone does nothing", 1, milliseconds(0), 1, milliseconds(0), take},
      {"fewer than half wait", 1, milliseconds(10), 0.5, milliseconds(50), wait_until(50)},
      {"half of them go", 2, milliseconds(0), 0.5, milliseconds(50), take},
      {"three of four are not all", 3, milliseconds(0), 1, milliseconds(50), wait_until(50)},
      {"all go", 4, milliseconds(0), 1, milliseconds(50), take},
      {"the delay is over", 1, milliseconds(50), 1, milliseconds(50), take},
      {"a long delay", 1, milliseconds(50), 1, milliseconds(86'400'000), wait_until(86'400'000)},
  };
  for (const DecideCase& c : cases) {
    const DirectStrategy strategy{
        .max_batch_size = 4, .minimum_slot_utilization = c.minimum_utilization, .max_queue_delay = c.delay};
    EXPECT_EQ(DecideSlots(c.ready, kBegin, strategy, kBegin + c.waited), c.expected) << c.what;
  }
}

std::vector<bool> Arrange(const std::string& slots) {
  // '.' has nothing; what is an 'a' fits.
  std::vector<bool> rows = {true};
  ArrangeSlots(
      slots.size(), [&](size_t i) { return slots[i] != '.'; }, [&](size_t i) { return slots[i] == 'a'; }, rows);
  return rows;
}

TEST(ArrangeSlotsTest, RowsGoUpToTheLastSlotThatIsExecuted) {
  EXPECT_THAT(Arrange(""), IsEmpty());
  EXPECT_THAT(Arrange("..."), IsEmpty());
  EXPECT_THAT(Arrange("a.."), ElementsAre(true));
  EXPECT_THAT(Arrange("..a"), ElementsAre(false, false, true));
  EXPECT_THAT(Arrange("a.a."), ElementsAre(true, false, true));
}

TEST(ArrangeSlotsTest, WhatDoesNotFitWaits) {
  EXPECT_THAT(Arrange(".aba"), ElementsAre(false, true, false, true));
  EXPECT_THAT(Arrange("abb"), ElementsAre(true));
  EXPECT_THAT(Arrange("bab"), ElementsAre(false, true));
}

}  // namespace
}  // namespace neso
