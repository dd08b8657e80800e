#include "neso/protobuf_wire.h"

#include <gtest/gtest.h>

namespace neso::wire {
namespace {

TEST(WireTest, WhatIsWrittenIsRead) {
  MessageWriter inner;
  inner.Add(1, uint64_t{300});
  MessageWriter outer;
  outer.Add(2, inner).Add(3, 0.5).Add(16, ~uint64_t{0});
  Fields fields(outer.bytes());

  const std::optional<Field> message = fields.Next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->number, 2);
  EXPECT_EQ(message->type, WireType::kBytes);
  Fields inside(message->bytes);
  const std::optional<Field> number = inside.Next();
  ASSERT_TRUE(number);
  EXPECT_EQ(number->value, 300);
  EXPECT_FALSE(inside.Next());

  const std::optional<Field> fraction = fields.Next();
  ASSERT_TRUE(fraction);
  EXPECT_EQ(fraction->type, WireType::kFixed64);
  EXPECT_EQ(fraction->bytes.size(), 8);
  const std::optional<Field> largest = fields.Next();
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->number, 16);
  EXPECT_EQ(largest->value, ~uint64_t{0});
  EXPECT_FALSE(fields.Next());
  EXPECT_FALSE(fields.is_broken());
}

TEST(WireTest, WhatEndsInTheMiddleOrIsNoFieldIsBroken) {
  const std::string_view broken[] = {
      {"\x0a", 1},  // no length
      {"\x0a\x05"
       "abc",
       5},                                                       // fewer bytes than that
      {"\x09\x01\x02", 3},                                       // fewer than eight
      {"\x08\x80", 2},                                           // a number without an end
      {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},  // too long a number
      {"\x0b", 1},                                               // a group
      {"\x00\x01", 2},                                           // field 0
  };
  for (const std::string_view bytes : broken) {
    Fields fields(bytes);
    EXPECT_FALSE(fields.Next());
    EXPECT_TRUE(fields.is_broken());
    EXPECT_FALSE(fields.Next());
  }
}

TEST(WireTest, PackedNumbersAreReadOneByOne) {
  std::vector<uint64_t> numbers;
  const auto take = [&numbers](uint64_t number) { numbers.push_back(number); };
  EXPECT_TRUE(ForEachPacked({}, take));
  EXPECT_TRUE(ForEachPacked({"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xac\x02\x00", 13}, take));
  EXPECT_EQ(numbers, (std::vector<uint64_t>{~uint64_t{0}, 300, 0}));
  EXPECT_FALSE(ForEachPacked("\xff", take));
  EXPECT_FALSE(ForEachPacked("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", take));
}

}  // namespace
}  // namespace neso::wire
