#include "core/exemplar.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace neso {
namespace {

TEST(ExemplarSlotsTest, KeepsTheNewestOfEach) {
  ExemplarSlots slots(2);
  EXPECT_FALSE(slots.Get(0));
  slots.Put(1, {.trace = {.low = 7}, .unix_ms = 1, .value = 10});
  slots.Put(1, {.trace = {.high = 1, .low = 2, .is_w3c = true}, .unix_ms = 2, .value = 20});
  EXPECT_FALSE(slots.Get(0));
  const std::optional<Exemplar> newest = slots.Get(1);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->trace.high, 1U);
  EXPECT_EQ(newest->trace.low, 2U);
  EXPECT_TRUE(newest->trace.is_w3c);
  EXPECT_EQ(newest->unix_ms, 2U);
  EXPECT_EQ(newest->value, 20U);
}

TEST(ExemplarSlotsTest, NobodySeesHalfOfOne) {
  ExemplarSlots slots(1);
  std::vector<std::thread> writers;
  for (uint64_t writer = 1; writer <= 2; ++writer) {
    writers.emplace_back([&slots, writer] {
      for (uint64_t i = 0; i < 20'000; ++i) {
        const uint64_t number = i * 2 + writer;
        slots.Put(0, {.trace = {.high = number, .low = number}, .unix_ms = number, .value = number});
      }
    });
  }
  for (int i = 0; i < 20'000; ++i) {
    const std::optional<Exemplar> seen = slots.Get(0);
    if (!seen) continue;
    ASSERT_EQ(seen->trace.low, seen->trace.high);
    ASSERT_EQ(seen->unix_ms, seen->trace.high);
    ASSERT_EQ(seen->value, seen->trace.high);
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(slots.Get(0));
}

TEST(ExemplarTest, AW3cTraceIdIsAKey) {
  const std::optional<TraceKey> key = ParseW3cKey("4bf92f3577b34da600000000000000a1");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->high, 0x4bf92f3577b34da6U);
  EXPECT_EQ(key->low, 0xa1U);
  EXPECT_TRUE(key->is_w3c);
  for (const char* text : {"", "17", "4bf92f3577b34da6000000000000001", "4bf92f3577b34da600000000000000g1",
                           "4bf92f3577b34da6-0000000000000a1", "4bf92f3577b34da600000000000000a12"}) {
    EXPECT_FALSE(ParseW3cKey(text)) << text;
  }
}

TEST(ExemplarTest, OfTwoTheNewerCounts) {
  const Exemplar old{.trace = {}, .unix_ms = 1, .value = 0};
  const Exemplar young{.trace = {}, .unix_ms = 2, .value = 0};
  EXPECT_FALSE(Newer({}, {}));
  EXPECT_EQ(Newer(old, {})->unix_ms, 1U);
  EXPECT_EQ(Newer({}, young)->unix_ms, 2U);
  EXPECT_EQ(Newer(old, young)->unix_ms, 2U);
  EXPECT_EQ(Newer(young, old)->unix_ms, 2U);
}

}  // namespace
}  // namespace neso
