#include "schedule/fair_line.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace neso {
namespace {

struct Entry {
  char client = 0;
  uint32_t rows = 1;
  int number = 0;
};

class FairLineTest : public ::testing::Test {
 protected:
  // A letter for each request of one row of that client; a digit behind it is its rows.
  void PushAll(const std::string& requests) {
    for (size_t i = 0; i < requests.size(); ++i) {
      Entry entry{.client = requests[i], .number = number_++};
      if (i + 1 < requests.size() && isdigit(requests[i + 1])) entry.rows = static_cast<uint32_t>(requests[++i] - '0');
      line_.Push(static_cast<size_t>(entry.client), entry);
    }
  }
  std::string Seen() const {
    std::string order;
    line_.ForEach([&order](const Entry& entry) {
      order += entry.client;
      return true;
    });
    return order;
  }
  std::string Pop(size_t count) {
    std::string order;
    for (; count > 0; --count) order += line_.Pop().client;
    return order;
  }
  FairLine<Entry> line_;
  int number_ = 0;
};

TEST_F(FairLineTest, GivesEachClientTheSameRows) {
  struct Case {
    const char* what;
    const char* requests;
    const char* order;
  };
  const Case cases[] = {
      {"one client: as they come", "aaa", "aaa"},
      {"two: in turn, whoever came first", "aaabb", "ababa"},
      {"three", "aaabbc", "abcaba"},
      {"who sends larger requests is served less often", "a2a2a2bbbb", "abbabba"},
      {"nobody", "", ""},
  };
  for (const Case& c : cases) {
    line_ = FairLine<Entry>();
    PushAll(c.requests);
    EXPECT_EQ(Seen(), c.order) << c.what;
    EXPECT_EQ(Pop(line_.size()), c.order) << c.what;
  }
}

TEST_F(FairLineTest, WhoComesLaterHasHadAsMuchAsTheOthers) {
  PushAll("aaaaaaaa");
  EXPECT_EQ(Pop(4), "aaaa");
  PushAll("bbbb");
  EXPECT_EQ(Pop(8), "babababa") << "not four for b first";
}

TEST_F(FairLineTest, WhoSendsOneAtATimeGetsNoMoreThanItsPart) {
  PushAll(std::string(100, 'a'));
  std::string order;
  for (int i = 0; i < 10; ++i) {
    PushAll("b");
    order += Pop(2);
  }
  EXPECT_EQ(std::count(order.begin(), order.end(), 'a'), 10);
}

TEST_F(FairLineTest, WhatIsErasedCountsForNobody) {
  PushAll("aaaaaabbb");
  line_.EraseIf([](const Entry& entry) { return entry.client == 'a' && entry.number > 0 && entry.number < 4; });
  EXPECT_EQ(line_.size(), 6U);
  EXPECT_EQ(Seen(), "ababab");
  line_.EraseIf([](const Entry&) { return true; });
  EXPECT_EQ(line_.size(), 0U);
  EXPECT_EQ(Seen(), "");
}

TEST_F(FairLineTest, GivesOutFromTheMiddleAndCountsIt) {
  PushAll("aaabbc");  // in turn: a b c a b a
  std::string order;
  line_.TakeAt(std::vector<size_t>{1, 2, 4}, [&order](const Entry& entry) { order += entry.client; });
  EXPECT_EQ(order, "bcb");
  EXPECT_EQ(line_.size(), 3U);
  PushAll("b");
  EXPECT_EQ(Seen(), "aaba") << "b has had two already";
}

TEST_F(FairLineTest, WhatCameBeforeCountsNoLongerWhenNobodyWaits) {
  PushAll("aaaa");
  Pop(4);
  PushAll("aabb");
  EXPECT_EQ(Seen(), "abab");
}

TEST_F(FairLineTest, MakesRoomWhereMostWait) {
  PushAll("aaab");
  Entry displaced;
  ASSERT_TRUE(line_.MakeRoom('b', displaced)) << "b would have two, a has three";
  EXPECT_EQ(displaced.client, 'a');
  EXPECT_EQ(displaced.number, 2) << "the newest";
  EXPECT_FALSE(line_.MakeRoom('b', displaced)) << "both have two then";
  EXPECT_FALSE(line_.MakeRoom('a', displaced));
  EXPECT_TRUE(line_.MakeRoom('c', displaced));
}

TEST(ClientPlacesTest, AreTheSameForAClientAndSpread) {
  const ClientPlaces places(7);
  EXPECT_EQ(places.PlaceOf("a"), places.PlaceOf("a"));
  std::set<size_t> used;
  for (int i = 0; i < 10'000; ++i) used.insert(places.PlaceOf("client" + std::to_string(i)));
  EXPECT_GT(used.size(), ClientPlaces::kCount * 9 / 10);
  EXPECT_LT(*used.rbegin(), ClientPlaces::kCount);
}

}  // namespace
}  // namespace neso
