#include "base/block_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <thread>
#include <vector>

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

TEST(BlockCacheTest, NothingMayBeGivenBack) { GiveBlock(nullptr, 8); }

}  // namespace
}  // namespace neso
