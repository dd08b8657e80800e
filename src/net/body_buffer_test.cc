#include "net/body_buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/memory_budget.h"

namespace neso::net {
namespace {

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; i++) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

std::string Text(const BufferRef& buffer) { return {buffer->data(), buffer->size()}; }

// A limit for the length of a test.
class Budget {
 public:
  explicit Budget(size_t bytes) { MemoryBudget::OfProcess().SetLimit(MemoryBudget::OfProcess().UsedApprox() + bytes); }
  ~Budget() { MemoryBudget::OfProcess().SetLimit(SIZE_MAX); }
};

TEST(BodyBufferTest, AnAnnouncedBodyHasItsFinalPlaceFromTheStart) {
  BodyBuffer body;
  ASSERT_TRUE(body.Start(10'000'000, 70));
  const ReadRoom room = body.Direct();
  EXPECT_EQ(room.bytes.size(), 10'000'000u);
  const std::string text = Pattern(10'000'000);
  for (size_t sent = 0; sent < text.size(); sent += 1'000'000) {
    ASSERT_EQ(body.Direct().bytes.data(), room.bytes.data() + sent);
    ASSERT_TRUE(body.Append(std::string_view(text).substr(sent, 1'000'000)));
  }
  EXPECT_TRUE(body.is_complete());
  const BufferRef whole = body.Take();
  EXPECT_EQ(Text(whole), text);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(whole->data() + 70) % kTensorAlignment, 0u);
}

TEST(BodyBufferTest, AnnouncementsDoNotTakeTheAddressSpace) {
  std::vector<std::unique_ptr<BodyBuffer>> bodies;
  for (int i = 0; i < 1000; i++) {
    bodies.push_back(std::make_unique<BodyBuffer>());
    ASSERT_TRUE(bodies.back()->Start(size_t{1} << 46));  // 64 PiB together
    ASSERT_TRUE(bodies.back()->Append("{"));
  }
  EXPECT_LT(MemoryBudget::OfProcess().UsedApprox(), 1u << 30);
}

TEST(BodyBufferTest, OneThatDoesNotGetItsPlaceGrows) {
  BodyBuffer greedy;
  ASSERT_TRUE(greedy.Start(size_t{1} << 40));  // all there is
  BodyBuffer body;
  const std::string text = Pattern(20'000'000);
  ASSERT_TRUE(body.Start(text.size(), 5));
  size_t sent = 0;
  while (!body.is_complete()) {
    const ReadRoom room = body.Direct();
    ASSERT_FALSE(room.bytes.empty());
    std::memcpy(room.bytes.data(), text.data() + sent, room.bytes.size());
    sent += room.bytes.size();
    ASSERT_TRUE(body.Filled(room.bytes.size()));
  }
  const BufferRef whole = body.Take();
  EXPECT_TRUE(Text(whole) == text);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(whole->data() + 5) % kTensorAlignment, 0u);
}

TEST(BodyBufferTest, UnknownLengthsGrowFromNothing) {
  BodyBuffer body;
  body.StartUnknown(3);
  EXPECT_FALSE(body.Take());
  body.StartUnknown(3);
  const std::string text = Pattern(300'000);
  for (size_t sent = 0; sent < text.size(); sent += 1000)
    ASSERT_TRUE(body.Append(std::string_view(text).substr(sent, 1000)));
  EXPECT_TRUE(Text(body.Take()) == text);
}

TEST(BodyBufferTest, TheBudgetEndsItWhenBytesHaveCome) {
  const Budget budget(8u << 20);
  BodyBuffer first;
  BodyBuffer second;
  ASSERT_TRUE(first.Start(6u << 20));
  ASSERT_TRUE(second.Start(6u << 20));  // nothing has come yet
  const std::string text = Pattern(5u << 20);
  EXPECT_TRUE(first.Append(text));
  EXPECT_FALSE(second.Append(text));
  static_cast<void>(first.Take());
  BodyBuffer third;
  ASSERT_TRUE(third.Start(6u << 20));
  EXPECT_FALSE(BodyBuffer().Start(1u << 30));  // never
}

TEST(BodyBufferTest, AnEmptyMessageHasABuffer) {
  BodyBuffer body;
  ASSERT_TRUE(body.Start(0));
  EXPECT_TRUE(body.is_complete());
  const BufferRef empty = body.Take();
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->size(), 0u);
}

}  // namespace
}  // namespace neso::net
