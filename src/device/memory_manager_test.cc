#include "device/memory_manager.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "device/fake_cuda_for_test.h"

namespace neso {
namespace {

Expected<std::shared_ptr<CudaDriver>> NoDriver() { return Unavailable("there is no GPU"); }
Expected<std::shared_ptr<CudaDriver>> FakeDriver() { return CudaDriver::Load(NESO_FAKE_CUDA_DRIVER); }

TEST(MemoryManagerTest, GivesAlignedCpuMemory) {
  MemoryManager manager({.pinned_bytes = 100}, NoDriver);
  Expected<void*> buffer = manager.Allocate(MemoryType::kCpu, 0, 1000);
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(*buffer) % 64, 0u);
  EXPECT_TRUE(manager.Free(*buffer, MemoryType::kCpu, 0).ok());
}

TEST(MemoryManagerTest, GivesNullForNoBytes) {
  MemoryManager manager({.pinned_bytes = 100}, NoDriver);
  EXPECT_EQ(*manager.Allocate(MemoryType::kCpu, 0, 0), nullptr);
  EXPECT_EQ(*manager.Allocate(MemoryType::kCpuPinned, 0, 0), nullptr);
}

TEST(MemoryManagerTest, RefusesWhatNoMemoryCanHold) {
  MemoryManager manager({.pinned_bytes = 100}, NoDriver);
  EXPECT_EQ(manager.Allocate(MemoryType::kCpu, 0, UINT64_MAX).error().ToString(),
            "Unavailable: CPU memory allocation failed");
}

TEST(MemoryManagerTest, CountsPinnedMemoryAgainstItsPool) {
  MemoryManager manager({.pinned_bytes = 100}, NoDriver);
  Expected<void*> first = manager.Allocate(MemoryType::kCpuPinned, 0, 60);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(manager.pinned_used_bytes(), 60u);
  EXPECT_EQ(manager.Allocate(MemoryType::kCpuPinned, 0, 41).error().code(), StatusCode::kUnavailable);
  ASSERT_TRUE(manager.Free(*first, MemoryType::kCpuPinned, 0).ok());
  EXPECT_EQ(manager.pinned_used_bytes(), 0u);
  EXPECT_TRUE(manager.Allocate(MemoryType::kCpuPinned, 0, 100).ok());
}

TEST(MemoryManagerTest, KnowsItsPinnedMemory) {
  MemoryManager manager({.pinned_bytes = 100}, NoDriver);
  int stranger = 0;
  EXPECT_EQ(manager.Free(&stranger, MemoryType::kCpuPinned, 0).code(), StatusCode::kInternal);
}

TEST(MemoryManagerTest, HasNoGpuMemory) {
  MemoryManager manager({.pinned_bytes = 100}, NoDriver);
  EXPECT_EQ(manager.Allocate(MemoryType::kGpu, 0, 1).error().ToString(),
            "Unavailable: CudaMemoryManager has no preallocated CUDA memory");
}

TEST(MemoryManagerTest, TakesAPoolOfAGpuWhenItsFirstMemoryIsAskedFor) {
  {
    MemoryManager manager({.pinned_bytes = 100, .gpu_bytes = {{1, 1024}}}, FakeDriver);
    EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
    Expected<void*> first = manager.Allocate(MemoryType::kGpu, 1, 700);
    Expected<void*> other = manager.Allocate(MemoryType::kGpu, 0, 1 << 20);
    ASSERT_TRUE(first.ok() && other.ok());
    EXPECT_EQ(FakeCudaCountsNow().allocations, 2U);
    EXPECT_EQ(*manager.Allocate(MemoryType::kGpu, 1, 0), nullptr);
    EXPECT_EQ(
        manager.Allocate(MemoryType::kGpu, 1, 300).error().ToString(),
        "Unavailable: failed to allocate CUDA memory with byte size 300 on GPU 1: the pool of 1024 bytes has no 300 "
        "bytes left");
    EXPECT_EQ(manager.Free(*first, MemoryType::kGpu, 0).code(), StatusCode::kInternal);
    EXPECT_TRUE(manager.Free(*first, MemoryType::kGpu, 1).ok());
    EXPECT_TRUE(manager.Allocate(MemoryType::kGpu, 1, 1024).ok());
  }
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

TEST(MemoryManagerTest, HasNoMemoryOfAGpuThatIsNotThereOrHasNoPool) {
  MemoryManager manager({.pinned_bytes = 100, .gpu_bytes = {{0, 0}}}, FakeDriver);
  for (const int64_t id : {0, 2, -1}) {
    EXPECT_EQ(manager.Allocate(MemoryType::kGpu, id, 1).error().ToString(),
              "Unavailable: CudaMemoryManager has no preallocated CUDA memory");
  }
}

TEST(MemoryManagerTest, PinsMemoryWhereThereIsAGpu) {
  {
    MemoryManager manager({.pinned_bytes = uint64_t{64} << 20}, FakeDriver);
    Expected<void*> first = manager.Allocate(MemoryType::kCpuPinned, 0, 1000);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(FakeCudaCountsNow().allocations, 1U);
    EXPECT_EQ(manager.pinned_used_bytes(), 1000U);
    std::memset(*first, 1, 1000);
    EXPECT_TRUE(manager.Free(*first, MemoryType::kCpuPinned, 0).ok());
    EXPECT_EQ(manager.pinned_used_bytes(), 0U);
  }
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

}  // namespace
}  // namespace neso
