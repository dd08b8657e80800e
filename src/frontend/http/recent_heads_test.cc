#include "frontend/http/recent_heads.h"

#include <gtest/gtest.h>

#include <thread>

namespace neso {
namespace {

bool IsData(std::string_view name) { return name == "data"; }

TEST(RecentHeadsTest, KnowsATextFromItsSecondTimeOn) {
  RecentHeads heads;
  const std::string text = R"({"id":"1"})";
  EXPECT_EQ(heads.Find(text, IsData), nullptr);
  JsonDocument* const known = heads.Find(std::string(text), IsData);
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(JsonText(known->root()["id"]), "1");
  EXPECT_EQ(heads.Find(text, IsData), known);
  EXPECT_EQ(heads.Find(R"({"id":"2"})", IsData), nullptr);
}

TEST(RecentHeadsTest, WhatADocumentRefersToIsItsOwn) {
  RecentHeads heads;
  std::string text = R"({"data":[1,2,3]})";
  heads.Find(text, IsData);
  JsonDocument* const known = heads.Find(text, IsData);
  ASSERT_NE(known, nullptr);
  text.assign(text.size(), 'x');
  for (int i = 0; i < 7; ++i) heads.Find(std::to_string(i), IsData);
  const JsonElements elements = JsonDocument::ElementsOf(known->root()["data"]);
  EXPECT_TRUE(elements.checked);
  EXPECT_EQ(elements.count, 3u);
  EXPECT_EQ(elements.text, "[1,2,3]");
}

TEST(RecentHeadsTest, ForgetsTheOldest) {
  RecentHeads heads;
  for (int i = 0; i < 9; ++i) EXPECT_EQ(heads.Find(std::to_string(i), IsData), nullptr);
  for (int i = 1; i < 9; ++i) EXPECT_NE(heads.Find(std::to_string(i), IsData), nullptr) << i;
  EXPECT_EQ(heads.Find("0", IsData), nullptr);
}

TEST(RecentHeadsTest, DoesNotKeepWhatIsLongOrMalformed) {
  RecentHeads heads;
  const std::string longest = '"' + std::string(RecentHeads::kMostBytes - 2, 'a') + '"';
  for (const std::string& text : {longest + ' ', std::string("{"), std::string()}) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(heads.Find(text, IsData), nullptr) << text;
  }
  heads.Find(longest, IsData);
  EXPECT_NE(heads.Find(longest, IsData), nullptr);
}

TEST(RecentHeadsTest, EachThreadHasItsOwn) {
  RecentHeads* other = nullptr;
  std::thread([&] { other = RecentHeads::OfThread(); }).join();
  ASSERT_NE(RecentHeads::OfThread(), nullptr);
  EXPECT_NE(other, RecentHeads::OfThread());
  EXPECT_EQ(RecentHeads::OfThread(), RecentHeads::OfThread());
}

}  // namespace
}  // namespace neso
