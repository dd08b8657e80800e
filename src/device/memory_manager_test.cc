#include "device/memory_manager.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace neso {
namespace {

TEST(MemoryManagerTest, GivesAlignedCpuMemory) {
  MemoryManager manager(100);
  Expected<void*> buffer = manager.Allocate(MemoryType::kCpu, 1000);
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(*buffer) % 64, 0u);
  EXPECT_TRUE(manager.Free(*buffer, MemoryType::kCpu).ok());
}

TEST(MemoryManagerTest, GivesNullForNoBytes) {
  MemoryManager manager(100);
  EXPECT_EQ(*manager.Allocate(MemoryType::kCpu, 0), nullptr);
  EXPECT_EQ(*manager.Allocate(MemoryType::kCpuPinned, 0), nullptr);
}

TEST(MemoryManagerTest, RefusesWhatNoMemoryCanHold) {
  MemoryManager manager(100);
  EXPECT_EQ(manager.Allocate(MemoryType::kCpu, UINT64_MAX).error().ToString(),
            "Unavailable: CPU memory allocation failed");
}

TEST(MemoryManagerTest, CountsPinnedMemoryAgainstItsPool) {
  MemoryManager manager(100);
  Expected<void*> first = manager.Allocate(MemoryType::kCpuPinned, 60);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(manager.pinned_used_bytes(), 60u);
  EXPECT_EQ(manager.Allocate(MemoryType::kCpuPinned, 41).error().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(manager.Free(*first, MemoryType::kCpuPinned).ok());
  EXPECT_EQ(manager.pinned_used_bytes(), 0u);
  EXPECT_TRUE(manager.Allocate(MemoryType::kCpuPinned, 100).ok());
}

TEST(MemoryManagerTest, KnowsItsPinnedMemory) {
  MemoryManager manager(100);
  int stranger = 0;
  EXPECT_EQ(manager.Free(&stranger, MemoryType::kCpuPinned).code(), StatusCode::kInternal);
}

TEST(MemoryManagerTest, HasNoGpuMemory) {
  MemoryManager manager(100);
  EXPECT_EQ(manager.Allocate(MemoryType::kGpu, 1).error().ToString(),
            "Unavailable: CudaMemoryManager has no preallocated CUDA memory");
}

}  // namespace
}  // namespace neso
