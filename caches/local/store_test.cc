#include "store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

namespace neso::local_cache {
namespace {

constexpr size_t kBytes = 1000;

std::shared_ptr<const Answer> AnswerOf(char filling, size_t size = kBytes) {
  const size_t sizes[] = {size};
  auto answer = std::make_shared<Answer>(sizes);
  std::memset(answer->Writable()[0], filling, size);
  return answer;
}

char FillingOf(const Answer& answer) { return static_cast<char>(answer.Buffers()[0].front()); }

std::string Key(size_t number) { return "key-" + std::to_string(number % 1000 + 1000); }

// Room for so many answers of kBytes.
size_t RoomFor(size_t count) { return count * Store::Cost(Key(0), kBytes); }

TEST(StoreTest, GivesBackWhatWasInserted) {
  Store store(RoomFor(2));
  EXPECT_EQ(store.Find(Key(1)), nullptr);
  EXPECT_EQ(store.Insert(Key(1), AnswerOf('a')), Store::Inserted::kYes);
  EXPECT_EQ(FillingOf(*store.Find(Key(1))), 'a');
  EXPECT_EQ(store.Insert(Key(1), AnswerOf('b')), Store::Inserted::kIsThere);
  EXPECT_EQ(FillingOf(*store.Find(Key(1))), 'a');
  const StoreTotals totals = store.Totals();
  EXPECT_EQ(totals.hits, 2U);
  EXPECT_EQ(totals.misses, 1U);
  EXPECT_EQ(totals.entries, 1U);
  EXPECT_EQ(totals.used_bytes, RoomFor(1));
}

TEST(StoreTest, WhatWasUsedLeastLatelyMakesRoomWhateverItsShard) {
  Store store(RoomFor(50));
  for (size_t i = 0; i < 50; ++i) ASSERT_EQ(store.Insert(Key(i), AnswerOf('x')), Store::Inserted::kYes);
  for (size_t i = 0; i < 50; i += 2) ASSERT_NE(store.Find(Key(i)), nullptr);
  for (size_t i = 50; i < 75; ++i) ASSERT_EQ(store.Insert(Key(i), AnswerOf('y')), Store::Inserted::kYes);
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(store.Contains(Key(i)), i % 2 == 0) << i;
  EXPECT_EQ(store.Totals().evictions, 25U);
  EXPECT_EQ(store.Totals().used_bytes, RoomFor(50));
}

TEST(StoreTest, ALargeAnswerEvictsAsManyAsItNeeds) {
  Store store(RoomFor(10));
  for (size_t i = 0; i < 10; ++i) ASSERT_EQ(store.Insert(Key(i), AnswerOf('x')), Store::Inserted::kYes);
  EXPECT_EQ(store.Insert(Key(99), AnswerOf('L', 5 * kBytes)), Store::Inserted::kYes);
  EXPECT_LE(store.Totals().used_bytes, store.capacity());
  EXPECT_FALSE(store.Contains(Key(0)));
  EXPECT_TRUE(store.Contains(Key(9)));
  EXPECT_EQ(store.Insert(Key(98), AnswerOf('T', RoomFor(10))), Store::Inserted::kTooLarge);
  EXPECT_TRUE(store.Contains(Key(99)));
}

TEST(StoreTest, AnAnswerStaysReadableWhenItIsEvicted) {
  Store store(RoomFor(1));
  ASSERT_EQ(store.Insert(Key(1), AnswerOf('a')), Store::Inserted::kYes);
  const std::shared_ptr<const Answer> found = store.Find(Key(1));
  ASSERT_EQ(store.Insert(Key(2), AnswerOf('b')), Store::Inserted::kYes);
  EXPECT_FALSE(store.Contains(Key(1)));
  EXPECT_EQ(FillingOf(*found), 'a');
}

// Found by the thread sanitizer, if anything is wrong: answers are whole, and the size is kept.
TEST(StoreTest, ManyThreadsShareIt) {
  Store store(RoomFor(64));
  std::vector<std::thread> threads;
  for (size_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&store, seed] {
      size_t number = seed;
      for (int i = 0; i < 4000; ++i) {
        number = (number * 1103515245 + 12345) % 4096;
        const size_t key = number % 128;
        const char filling = static_cast<char>('A' + key % 26);
        if (const auto found = store.Find(Key(key))) {
          const std::span<const std::byte> bytes = found->Buffers()[0];
          for (const std::byte byte : bytes) ASSERT_EQ(static_cast<char>(byte), filling);
        } else {
          ASSERT_NE(store.Insert(Key(key), AnswerOf(filling)), Store::Inserted::kTooLarge);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const StoreTotals totals = store.Totals();
  EXPECT_LE(totals.used_bytes, store.capacity());
  EXPECT_EQ(totals.used_bytes, RoomFor(totals.entries));
  EXPECT_GT(totals.evictions, 0U);
}

}  // namespace
}  // namespace neso::local_cache
