#include "base/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "base/memory_budget.h"

namespace neso {
namespace {

bool IsAligned(const char* p) { return reinterpret_cast<uintptr_t>(p) % kTensorAlignment == 0; }

TEST(BufferTest, PlacesTheNamedByteOnABorder) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{63}, size_t{64}, size_t{300}, size_t{5000}, size_t{32700},
                            size_t{32768}, size_t{40000}, size_t{65536}, size_t{602'112}, size_t{10'000'000}}) {
    for (const size_t offset : {size_t{0}, size_t{1}, size_t{17}, size_t{64}, size_t{200}}) {
      if (offset > size) continue;
      const BufferRef buffer = Buffer::Allocate(size, offset);
      ASSERT_EQ(buffer->size(), size);
      EXPECT_TRUE(IsAligned(buffer->data() + offset)) << size << " " << offset;
      std::memset(buffer->data(), 7, size);
    }
  }
  Buffer::TrimPools();
}

TEST(BufferTest, ReusesAPooledBlock) {
  const char* first = Buffer::Allocate(600'000)->data();
  const BufferRef again = Buffer::Allocate(601'000);
  EXPECT_EQ(again->data(), first);
}

TEST(BufferTest, EveryPooledSizeFitsItsBlock) {
  std::vector<BufferRef> buffers;
  for (size_t size = 30'000; size < 3'000'000; size += size / 37) {
    buffers.push_back(Buffer::Allocate(size, 0));
    std::memset(buffers.back()->data(), static_cast<int>(size % 251), size);
  }
  for (const BufferRef& buffer : buffers) {
    EXPECT_EQ(buffer->data()[0], buffer->data()[buffer->size() - 1]);
  }
  buffers.clear();
  Buffer::TrimPools();
  EXPECT_EQ(Buffer::PooledBytesForTest(), 0u);
}

TEST(BufferTest, DecayKeepsWhatIsInUseAndDropsTheRestAfterTwoRounds) {
  Buffer::TrimPools();
  { const BufferRef a = Buffer::Allocate(100'000), b = Buffer::Allocate(100'000); }
  EXPECT_GE(Buffer::PooledBytesForTest(), 200'000u);
  EXPECT_TRUE(Buffer::DecayPools());  // both were used since the last round
  { const BufferRef a = Buffer::Allocate(100'000); }
  EXPECT_TRUE(Buffer::DecayPools());  // one of them was
  EXPECT_LT(Buffer::PooledBytesForTest(), 200'000u);
  EXPECT_FALSE(Buffer::DecayPools());
  EXPECT_EQ(Buffer::PooledBytesForTest(), 0u);
}

TEST(BufferTest, BorrowedMemoryGoesBackOnceWithTheLastReference) {
  std::vector<char> memory(100'000);
  int returned = 0;
  const auto give_back = [](void* owner) { ++*static_cast<int*>(owner); };
  const size_t used = MemoryBudget::OfProcess().UsedApprox();
  BufferRef first = Buffer::TryBorrow(memory.data(), memory.size(), give_back, &returned);
  EXPECT_EQ(first->data(), memory.data());
  EXPECT_EQ(first->size(), memory.size());
  EXPECT_GE(MemoryBudget::OfProcess().UsedApprox(), used + memory.size());
  BufferRef second = first;
  first = {};
  EXPECT_EQ(returned, 0);
  second = {};
  EXPECT_EQ(returned, 1);
  EXPECT_LT(MemoryBudget::OfProcess().UsedApprox(), used + memory.size());
}

TEST(BufferTest, DecayGoesOnWhileABlockIsLent) {
  Buffer::TrimPools();
  BufferRef lent = Buffer::Allocate(100'000);
  for (int i = 0; i < 3; i++) EXPECT_TRUE(Buffer::DecayPools());
  lent = {};
  EXPECT_TRUE(Buffer::DecayPools());
  EXPECT_FALSE(Buffer::DecayPools());
}

TEST(BufferTest, AnImpossibleSizeIsNull) {
  EXPECT_FALSE(Buffer::TryAllocate(SIZE_MAX));
  EXPECT_FALSE(Buffer::TryAllocate(SIZE_MAX / 8));
}

TEST(BufferTest, LastReferenceMayGoOnAnotherThread) {
  for (int i = 0; i < 100; i++) {
    BufferRef buffer = Buffer::Allocate(50'000);
    std::thread other([copy = buffer] { copy->data()[1] = 2; });
    buffer->data()[0] = 1;
    buffer = BufferRef();
    other.join();
  }
}

}  // namespace
}  // namespace neso
