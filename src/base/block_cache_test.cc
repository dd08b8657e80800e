#include "base/block_cache.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "base/pools_recycle.h"

namespace neso {
namespace {

TEST(BlockCacheTest, BlocksOfAllSizesAreApartAndMayBeFilled) {
  struct Taken {
    char* block;
    size_t bytes;
  };
  for (int round = 0; round < 3; round++) {  // fresh ones, then kept ones
    std::vector<Taken> taken;
    for (size_t bytes = 1; bytes < 3000; bytes += 7) {
      taken.push_back({static_cast<char*>(TakeBlock(bytes)), bytes});
      std::memset(taken.back().block, static_cast<int>(bytes % 251), bytes);
    }
    for (const auto& [block, bytes] : taken) {
      EXPECT_EQ(block[0], static_cast<char>(bytes % 251));
      EXPECT_EQ(block[bytes - 1], static_cast<char>(bytes % 251));
      GiveBlock(block, bytes);
    }
  }
}

TEST(BlockCacheTest, ABlockMayEndOnAnotherThreadAndAfterIt) {
  auto made = MakeShared<std::vector<int>>(3, 7);
  std::thread([taken = std::move(made)]() mutable {
    thread_local std::shared_ptr<std::vector<int>> last;  // ends with the thread, before or after its cache
    last = std::move(taken);
    std::vector<int, BlockAllocator<int>> numbers(10, 1);
    EXPECT_EQ(last->at(2), 7);
  }).join();
}

TEST(BlockCacheTest, WhatWasKeptCanBeDropped) {
  for (int round = 0; round < 2; round++) {
    void* const block = TakeBlock(100);
    GiveBlock(block, 100);
    DropBlocks();
  }
  GiveBlock(TakeBlock(100), 100);
}

// Requests that begin on a network thread and end on one that loads models left their blocks with the latter, 320 bytes each.
TEST(BlockCacheTest, AThreadThatOnlyGivesBlocksBackKeepsNone) {
  if (!kPoolsRecycle) GTEST_SKIP() << "under sanitizers no thread keeps blocks";
  constexpr size_t kBlocks = 500, kBytes = 320;
  const auto in_use = [] { return mallinfo2().uordblks; };
  std::vector<void*> taken(kBlocks);
  for (void*& block : taken) block = TakeBlock(kBytes);
  std::thread([&] {
    GiveBlock(TakeBlock(kBytes), kBytes);  // it has a cache, and room for what it needs
    const size_t before = in_use();
    for (void* block : taken) GiveBlock(block, kBytes);
    EXPECT_LE(in_use() + (kBlocks - 10) * kBytes, before);
  }).join();
}

TEST(BlockCacheTest, AThreadKeepsAsManyBlocksAsItTakesAtOnce) {
  if (!kPoolsRecycle) GTEST_SKIP() << "under sanitizers no thread keeps blocks";
  std::thread([] {
    constexpr size_t kBlocks = 100, kBytes = 500;
    std::set<void*> first, later;
    for (std::set<void*>* const blocks : {&first, &first, &later}) {
      blocks->clear();
      for (size_t i = 0; i < kBlocks; ++i) blocks->insert(TakeBlock(kBytes));
      for (void* block : *blocks) GiveBlock(block, kBytes);
    }
    EXPECT_EQ(first, later);
  }).join();
}

TEST(BlockCacheTest, NothingMayBeGivenBack) { GiveBlock(nullptr, 8); }

}  // namespace
}  // namespace neso
