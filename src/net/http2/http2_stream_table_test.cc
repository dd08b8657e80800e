#include "net/http2/http2_stream_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <random>

namespace neso::net {
namespace {

class Numbered {
 public:
  explicit Numbered(int32_t id) : id_(id) {}
  int32_t id() const { return id_; }

 private:
  const int32_t id_;
};
using Table = Http2StreamTable<Numbered>;

TEST(Http2StreamTableTest, NothingIsInAnEmptyTable) {
  Table table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.Find(1), nullptr);
  EXPECT_EQ(table.Take(1), nullptr);
  table.ForEach([](const auto&) { ADD_FAILURE(); });
}

TEST(Http2StreamTableTest, StreamsThatMeetAreToldApart) {
  Table table;
  // Many of them belong at the same place.
  constexpr int32_t kStep = 1 << 20;
  for (int32_t i = 0; i < 100; i++) table.Add(std::make_shared<Numbered>(1 + i * kStep));
  for (int32_t i = 0; i < 100; i++) EXPECT_EQ(table.Find(1 + i * kStep)->id(), 1 + i * kStep);
  EXPECT_EQ(table.Find(3), nullptr);
  for (int32_t i = 0; i < 100; i += 2) EXPECT_EQ(table.Take(1 + i * kStep)->id(), 1 + i * kStep);
  for (int32_t i = 0; i < 100; i++) EXPECT_EQ(table.Find(1 + i * kStep) != nullptr, i % 2 == 1) << i;
  EXPECT_EQ(table.size(), 50U);
}

// Numbers in a row with gaps, some streams that last: what a map would say.
TEST(Http2StreamTableTest, DoesWhatAMapDoes) {
  std::mt19937 random(1);
  Table table;
  std::map<int32_t, std::shared_ptr<Numbered>> map;
  int32_t next = 1;
  for (int i = 0; i < 200'000; i++) {
    const size_t wanted = random() % 4 == 0 ? 200 : 20;
    if (map.size() < wanted && random() % 2 == 0) {
      next += 2 * static_cast<int32_t>(1 + (random() % 8 == 0 ? random() % 300 : 0));
      map[next] = std::make_shared<Numbered>(next);
      table.Add(map[next]);
    } else if (!map.empty()) {
      const auto taken = std::next(map.begin(), static_cast<int>(random() % map.size()));
      ASSERT_EQ(table.Take(taken->first), taken->second);
      map.erase(taken);
    }
    const int32_t asked = next - 2 * static_cast<int32_t>(random() % 400);
    const auto found = map.find(asked);
    ASSERT_EQ(table.Find(asked), found == map.end() ? nullptr : found->second.get()) << asked;
    ASSERT_EQ(table.size(), map.size());
  }
  size_t seen = 0;
  table.ForEach([&](const std::shared_ptr<Numbered>& stream) { seen += map.at(stream->id()) == stream ? 1 : 0; });
  EXPECT_EQ(seen, map.size());
}

}  // namespace
}  // namespace neso::net
