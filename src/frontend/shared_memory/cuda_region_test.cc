// CUDA regions against the fake driver of tests/gpu: whether ours is called as the real one wants to be is
// for a machine with a GPU to tell.
#include "frontend/shared_memory/cuda_region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "device/fake_cuda_for_test.h"
#include "frontend/shared_memory/shared_memory_manager.h"
#include "frontend/shared_memory/test_object.h"

namespace neso {
namespace {

constexpr auto kCuda = RegionKind::kCuda;
constexpr const char* kNoGpus =
    "Invalid argument: failed to register CUDA shared memory region: 'r', GPUs not supported";
constexpr const char* kRefused = "Invalid argument: failed to register shared memory region 'r': invalid args";

Expected<std::shared_ptr<CudaDriver>> FakeDriver() { return CudaDriver::Load(NESO_FAKE_CUDA_DRIVER); }

CudaIpcHandle HandleOf(const TestObject& object) {
  CudaIpcHandle handle{};
  std::ranges::copy(object.key(), handle.bytes.begin());
  return handle;
}

class CudaRegionTest : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("NESO_FAKE_CUDA"); }
  Status Register(int64_t device_id, uint64_t byte_size) {
    return manager_.RegisterCuda("r", {.handle = HandleOf(object_), .device_id = device_id, .byte_size = byte_size});
  }

  const TestObject object_{"cuda", 4096};
  SharedMemoryManager manager_{{.is_allowed = true, .cuda_driver = FakeDriver}};
};

TEST_F(CudaRegionTest, ATensorIsGpuMemoryOfItsDevice) {
  ASSERT_TRUE(Register(1, 4096).ok());
  const auto slice = manager_.Find("r", {.offset = 64, .byte_size = 8});
  ASSERT_TRUE(slice.ok());
  const RegionMemory& memory = slice->region->memory();
  EXPECT_EQ(memory.type, MemoryType::kGpu);
  EXPECT_EQ(memory.device_id, 1);
  EXPECT_EQ(slice->base, memory.base + 64);
  EXPECT_STREQ(static_cast<const char*>(memory.cuda_ipc_handle), object_.key().c_str());
  const auto infos = manager_.List(kCuda, "r");
  ASSERT_EQ(infos->size(), 1U);
  EXPECT_EQ(infos->front().device_id, 1);
  EXPECT_EQ(infos->front().byte_size, 4096U);
  EXPECT_EQ(manager_.List(RegionKind::kSystem, "r").error().message(),
            "The region named 'r' is registered as CUDA shared memory, not system shared memory");
  EXPECT_EQ(manager_.Find("r", {.offset = 4096, .byte_size = 1}).error().message(),
            "Invalid offset for shared memory region: 'r'");
}

TEST_F(CudaRegionTest, OneThatIsUnregisteredWhileItIsOpenedIsNotThere) {
  enum class Meanwhile { kNothing, kUnregister, kRegisterAnew } meanwhile = Meanwhile::kNothing;
  SharedMemoryManager* regions = nullptr;
  const CudaRegistration registration{.handle = HandleOf(object_), .device_id = 1, .byte_size = 64};
  const CudaDriverSource driver = [&] {
    const Meanwhile now = std::exchange(meanwhile, Meanwhile::kNothing);
    if (now != Meanwhile::kNothing) {
      EXPECT_TRUE(regions->Unregister(kCuda, "r").ok());
    }
    if (now == Meanwhile::kRegisterAnew) {
      EXPECT_TRUE(regions->RegisterCuda("r", registration).ok());
    }
    return FakeDriver();
  };
  SharedMemoryManager manager({.is_allowed = true, .cuda_driver = driver});
  regions = &manager;
  constexpr const char* kGone = "Unavailable: shared memory region 'r' was unregistered while it was being registered";
  meanwhile = Meanwhile::kUnregister;
  EXPECT_EQ(manager.RegisterCuda("r", registration).ToString(), kGone);
  EXPECT_TRUE(manager.List(kCuda, "")->empty());
  meanwhile = Meanwhile::kRegisterAnew;
  EXPECT_EQ(manager.RegisterCuda("r", registration).ToString(), kGone);
  EXPECT_EQ(manager.List(kCuda, "")->size(), 1U);
}

TEST_F(CudaRegionTest, TheLastUserClosesTheHandleAndReleasesTheContext) {
  const FakeCudaState before = FakeCudaCountsNow();
  ASSERT_TRUE(Register(0, 4096).ok());
  EXPECT_EQ(FakeCudaCountsNow(), (FakeCudaState{.open_handles = before.open_handles + 1,
                                                .retained_contexts = before.retained_contexts + 1,
                                                .context_depth = before.context_depth,
                                                .allocations = before.allocations}));
  {
    const auto slice = manager_.Find("r", {.offset = 0, .byte_size = 8});
    ASSERT_TRUE(manager_.Unregister(kCuda, "r").ok());
    EXPECT_EQ(FakeCudaCountsNow().open_handles, before.open_handles + 1);
  }
  EXPECT_EQ(FakeCudaCountsNow(), before);
}

TEST_F(CudaRegionTest, WhatTheDriverRefusesIsRefusedAndLeavesNothingBehind) {
  const FakeCudaState before = FakeCudaCountsNow();
  EXPECT_EQ(Register(2, 8).ToString(), kRefused);
  EXPECT_EQ(Register(-1, 8).ToString(), kRefused);
  EXPECT_EQ(Register(int64_t{1} << 32, 8).ToString(), kRefused);
  EXPECT_EQ(Register(0, 4097).ToString(), kRefused);
  EXPECT_EQ(Register(0, UINT64_MAX).ToString(), kRefused);
  EXPECT_EQ(manager_.RegisterCuda("r", {.handle = {}, .device_id = 0, .byte_size = 8}).ToString(), kRefused);
  EXPECT_EQ(FakeCudaCountsNow(), before);
}

TEST_F(CudaRegionTest, ADriverThatCannotTellSizesTakesTheClientsWord) {
  setenv("NESO_FAKE_CUDA", "sizeless", 1);
  EXPECT_TRUE(Register(0, 8192).ok());
}

TEST_F(CudaRegionTest, WithoutDriverOrGpuThereIsNoCudaMemory) {
  SharedMemoryManager none(
      {.is_allowed = true, .cuda_driver = [] { return CudaDriver::Load("libneso_no_such_driver.so.1"); }});
  EXPECT_EQ(none.RegisterCuda("r", {}).ToString(), kNoGpus);
  setenv("NESO_FAKE_CUDA", "none", 1);
  EXPECT_EQ(Register(0, 8).ToString(), kNoGpus);
  unsetenv("NESO_FAKE_CUDA");
  EXPECT_TRUE(Register(0, 8).ok());
}

}  // namespace
}  // namespace neso
