#include "device/memory_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace neso {
namespace {

// Blocks are numbers: nobody touches what a pool gives out.
class MemoryPoolTest : public ::testing::Test {
 protected:
  MemoryPool Make(uint64_t total_bytes, uint64_t block_bytes) {
    return MemoryPool(
        {.total_bytes = total_bytes, .block_bytes = block_bytes},
        [this](uint64_t byte_size) -> Expected<uint64_t> {
          if (is_exhausted_) return Unavailable("nothing left");
          taken_.push_back(byte_size);
          return taken_.size() * 0x100000;
        },
        [this](uint64_t) { ++given_back_; });
  }
  std::vector<uint64_t> taken_;
  size_t given_back_ = 0;
  bool is_exhausted_ = false;
};

TEST_F(MemoryPoolTest, TakesNothingUntilSomebodyAsks) {
  { const MemoryPool pool = Make(4096, 1024); }
  EXPECT_TRUE(taken_.empty());
  EXPECT_EQ(given_back_, 0U);
}

TEST_F(MemoryPoolTest, GivesAlignedPiecesOfOneBlock) {
  {
    MemoryPool pool = Make(4096, 1024);
    EXPECT_EQ(*pool.Allocate(1), 0x100000U);
    EXPECT_EQ(*pool.Allocate(300), 0x100100U);
    EXPECT_EQ(pool.used_bytes(), 256U + 512U);
    EXPECT_EQ(*pool.Allocate(256), 0x100300U);
    EXPECT_EQ(taken_, std::vector<uint64_t>{1024});
  }
  EXPECT_EQ(given_back_, 1U);
}

TEST_F(MemoryPoolTest, UsesAgainWhatIsFreeAndFitsBest) {
  MemoryPool pool = Make(4096, 4096);
  const uint64_t large = *pool.Allocate(1024);
  const uint64_t fence = *pool.Allocate(256);
  const uint64_t small = *pool.Allocate(256);
  EXPECT_EQ(*pool.Allocate(256), small + 256);
  EXPECT_TRUE(pool.Free(large));
  EXPECT_TRUE(pool.Free(small));
  EXPECT_EQ(*pool.Allocate(200), small);
  EXPECT_EQ(*pool.Allocate(1000), large);
  EXPECT_TRUE(pool.Free(fence));
}

TEST_F(MemoryPoolTest, JoinsNeighboursInEveryOrder) {
  for (const std::vector<size_t>& order :
       std::vector<std::vector<size_t>>{{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}}) {
    MemoryPool pool = Make(768, 768);
    uint64_t pieces[3];
    for (uint64_t& piece : pieces) piece = *pool.Allocate(256);
    EXPECT_EQ(pool.Allocate(1).error().code(), StatusCode::kUnavailable);
    for (const size_t i : order) EXPECT_TRUE(pool.Free(pieces[i]));
    EXPECT_EQ(*pool.Allocate(768), pieces[0]);
  }
}

TEST_F(MemoryPoolTest, DoesNotJoinBlocksThatHappenToMeet) {
  std::vector<uint64_t> blocks;
  MemoryPool pool(
      {.total_bytes = 512, .block_bytes = 256},
      [&](uint64_t) -> Expected<uint64_t> { return blocks.emplace_back(0x1000 + 256 * blocks.size()); },
      [](uint64_t) {});
  const uint64_t first = *pool.Allocate(256);
  const uint64_t second = *pool.Allocate(256);
  EXPECT_TRUE(pool.Free(first));
  EXPECT_TRUE(pool.Free(second));
  EXPECT_EQ(pool.Allocate(512).error().code(), StatusCode::kUnavailable);
}

TEST_F(MemoryPoolTest, TakesLargerBlocksForLargerPiecesAndNeverMoreThanItsTotal) {
  MemoryPool pool = Make(4096, 1024);
  EXPECT_TRUE(pool.Allocate(2048).ok());
  EXPECT_TRUE(pool.Allocate(1).ok());
  EXPECT_TRUE(pool.Allocate(1024).ok());
  EXPECT_EQ(taken_, (std::vector<uint64_t>{2048, 1024, 1024}));
  EXPECT_EQ(pool.Allocate(1024).error().message(), "the pool of 4096 bytes has no 1024 bytes left");
  EXPECT_EQ(pool.Allocate(UINT64_MAX).error().code(), StatusCode::kUnavailable);
}

TEST_F(MemoryPoolTest, KnowsItsPiecesAndPassesOnWhyThereIsNoBlock) {
  MemoryPool pool = Make(4096, 1024);
  EXPECT_FALSE(pool.Free(7));
  is_exhausted_ = true;
  EXPECT_EQ(pool.Allocate(1).error().message(), "nothing left");
}

}  // namespace
}  // namespace neso
