#include "stored_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::redis_cache {
namespace {

using ::testing::ElementsAre;

std::span<const std::byte> BytesOf(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::vector<Field> Pairs(const std::vector<std::string_view>& words) {
  std::vector<Field> fields;
  for (size_t i = 0; i + 1 < words.size(); i += 2) fields.emplace_back(words[i], words[i + 1]);
  return fields;
}

TEST(StoredHashTest, FieldsAreNamedByBuffer) {
  std::vector<std::string> kept;
  const std::span<const std::byte> buffers[] = {BytesOf("abc"), BytesOf("")};
  EXPECT_THAT(FieldsOf(buffers, kept), ElementsAre("0:b", "abc", "0:s", "3", "0:t", "0", "0:i", "0",  //
                                                   "1:b", "", "1:s", "0", "1:t", "0", "1:i", "0"));
}

TEST(StoredHashTest, WhatWasStoredIsRead) {
  std::vector<std::string> kept;
  const std::span<const std::byte> buffers[] = {BytesOf("abc"), BytesOf("longer, as far as that goes")};
  std::vector<Field> fields = Pairs(FieldsOf(buffers, kept));
  std::swap(fields[0], fields[6]);  // Redis keeps no order
  const auto read = BuffersOf(fields);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].size(), 3U);
  EXPECT_EQ((*read)[1].size(), buffers[1].size());
}

TEST(StoredHashTest, WhatIsNoWholeAnswerIsNone) {
  const std::vector<std::vector<std::string_view>> broken = {
      {},
      {"0:b", "abc"},
      {"0:b", "abc", "0:s", "4", "0:t", "0", "0:i", "0"},   // cut
      {"0:b", "abc", "0:s", "x", "0:t", "0", "0:i", "0"},   // no size
      {"1:b", "abc", "1:s", "3", "1:t", "0", "1:i", "0"},   // no first buffer
      {"b", "abc", "0:s", "3", "0:t", "0", "0:i", "0"},     // no index
      {"-1:b", "abc", "0:s", "3", "0:t", "0", "0:i", "0"},  // a negative one
      {"99999999999999999999:b", "abc", "0:s", "3", "0:t", "0", "0:i", "0"},
      {"0:s", "3", "0:t", "0", "0:i", "0", "0:x", "abc"},  // no bytes
  };
  for (const auto& words : broken) EXPECT_FALSE(BuffersOf(Pairs(words)).has_value()) << words.size();
}

}  // namespace
}  // namespace neso::redis_cache
