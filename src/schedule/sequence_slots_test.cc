#include "schedule/sequence_slots.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

TEST(FreeSlotsTest, GivesTheLowestThatIsFree) {
  FreeSlots slots(3);
  EXPECT_EQ(slots.TakeLowest(), 0);
  EXPECT_EQ(slots.TakeLowest(), 1);
  EXPECT_EQ(slots.TakeLowest(), 2);
  EXPECT_EQ(slots.lowest(), std::nullopt);
  slots.Give(2);
  slots.Give(1);
  EXPECT_EQ(slots.taken(), 1);
  EXPECT_EQ(slots.lowest(), 1);
  EXPECT_EQ(slots.TakeLowest(), 1);
  EXPECT_EQ(slots.TakeLowest(), 2);
}

TEST(PickInstanceTest, SpreadsSequencesOverTheInstances) {
  using Lowest = std::vector<std::optional<size_t>>;
  EXPECT_EQ(PickInstance(Lowest{}), std::nullopt);
  EXPECT_EQ(PickInstance(Lowest{std::nullopt}), std::nullopt);
  EXPECT_EQ(PickInstance(Lowest{0, 0}), 0);
  EXPECT_EQ(PickInstance(Lowest{1, 0}), 1);
  EXPECT_EQ(PickInstance(Lowest{std::nullopt, 7, 3}), 2);
}

TEST(AdmitToSequenceTest, DecidesByWhatIsKnownOfTheSequence) {
  using enum SequenceAdmission;
  struct Case {
    const char* what;
    SequenceArrival arrival;
    SequenceAdmission expected;
  };
  const Case cases[] = {
      {"a new one", {.starts = true, .slot_is_free = true}, kNewInSlot},
      {"a new one, all slots are taken", {.starts = true}, kNewInBacklog},
      {"one that has not started", {.slot_is_free = true}, kRefuseUnknown},
      {"it goes on", {.is_known = true}, kJoin},
      {"it starts again", {.starts = true, .is_known = true, .slot_is_free = true}, kJoin},
      {"a new one while the model stops", {.starts = true, .slot_is_free = true, .is_stopping = true}, kRefuseStopping},
      {"it goes on while the model stops", {.is_known = true, .is_stopping = true}, kJoin},
  };
  for (const Case& c : cases) EXPECT_EQ(AdmitToSequence(c.arrival), c.expected) << c.what;
}

}  // namespace
}  // namespace neso
