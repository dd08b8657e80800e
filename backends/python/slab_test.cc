#include "slab.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "protocol.h"

namespace neso::python {
namespace {

std::unique_ptr<Segment> MakeSegment() {
  backend::Result<std::unique_ptr<Segment>> segment = Segment::Create();
  EXPECT_TRUE(segment.ok());
  return std::move(*segment);
}

TEST(SlabTest, TheOnlyBlockIsAlwaysInTheSamePlace) {
  const auto segment = MakeSegment();
  Slab slab(*segment);
  const std::optional<uint64_t> first = slab.Allocate(100);
  ASSERT_TRUE(first);
  EXPECT_TRUE(slab.Release(*first));
  EXPECT_EQ(slab.Allocate(5000), first);
}

TEST(SlabTest, WhatIsNotInUseIsNotReleased) {
  const auto segment = MakeSegment();
  Slab slab(*segment);
  EXPECT_FALSE(slab.Release(0));
  const std::optional<uint64_t> first = slab.Allocate(100);
  const std::optional<uint64_t> second = slab.Allocate(100);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(slab.Release(*second + kTensorAlignment));
  EXPECT_TRUE(slab.Release(*second));
  EXPECT_FALSE(slab.Release(*second));
  EXPECT_TRUE(slab.Release(*first));
  EXPECT_FALSE(slab.Release(*first));
}

TEST(SlabTest, NothingIsLargerThanTheRegion) {
  const auto segment = MakeSegment();
  Slab slab(*segment);
  EXPECT_FALSE(slab.Allocate(segment->region_size() + 1));
  EXPECT_FALSE(slab.Allocate(~uint64_t{0}));
}

TEST(SlabTest, BlocksNeverOverlapAndAllOfTheRegionComesBack) {
  const auto segment = MakeSegment();
  Slab slab(*segment);
  std::map<uint64_t, uint64_t> used;
  std::mt19937 random(7);  // NOLINT: the same every time
  for (int round = 0; round < 10'000; ++round) {
    if (used.empty() || random() % 2 == 0) {
      const uint64_t size = 1 + random() % (random() % 50 == 0 ? 20'000'000 : 5'000);
      const std::optional<uint64_t> offset = slab.Allocate(size);
      ASSERT_TRUE(offset);
      ASSERT_EQ(*offset % kTensorAlignment, 0u);
      ASSERT_GE(*offset, segment->region());
      ASSERT_LE(*offset + size, segment->region() + segment->region_size());
      const auto next = used.lower_bound(*offset);
      if (next != used.end()) {
        ASSERT_LE(*offset + size, next->first);
      }
      if (next != used.begin()) {
        const auto before = std::prev(next);
        ASSERT_LE(before->first + before->second, *offset);
      }
      used[*offset] = size;
    } else {
      const auto victim = std::next(used.begin(), static_cast<long>(random() % used.size()));
      ASSERT_TRUE(slab.Release(victim->first));
      used.erase(victim);
    }
  }
  for (const auto& [offset, size] : used) ASSERT_TRUE(slab.Release(offset));
  const uint64_t home = uint64_t{8} << 20;
  EXPECT_TRUE(slab.Allocate(segment->region_size() - home));
}

TEST(SlabTest, ABlockThatIsHeldOutlivesItsRelease) {
  const std::unique_ptr<Segment> segment = std::move(*Segment::Create());
  Slab slab(*segment);
  const uint64_t home = *slab.Allocate(1000);
  const uint64_t other = *slab.Allocate(1000);
  for (const uint64_t block : {home, other}) {
    ASSERT_TRUE(slab.Hold(block));
    ASSERT_TRUE(slab.Hold(block));
    EXPECT_TRUE(slab.Release(block));
    EXPECT_FALSE(slab.Release(block)) << "it is released already";
    EXPECT_FALSE(slab.Hold(block));
    slab.Return(block);
    EXPECT_NE(slab.Allocate(1000), block);
    slab.Return(block);
    EXPECT_EQ(slab.Allocate(1000), block);
  }
}

TEST(SlabTest, ABlockThatIsReturnedBeforeItsReleaseIsFreeWithThat) {
  const std::unique_ptr<Segment> segment = std::move(*Segment::Create());
  Slab slab(*segment);
  const uint64_t block = *slab.Allocate(1000);
  ASSERT_TRUE(slab.Hold(block));
  slab.Return(block);
  slab.Return(block);  // once too often
  EXPECT_NE(slab.Allocate(1000), block);
  EXPECT_TRUE(slab.Release(block));
  EXPECT_EQ(slab.Allocate(1000), block);
}

}  // namespace
}  // namespace neso::python
