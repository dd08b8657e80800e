#include "device/gpu_memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "device/fake_cuda_for_test.h"

namespace neso {
namespace {

class GpuMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override { setenv("NESO_CUDA_DRIVER", NESO_FAKE_CUDA_DRIVER, 1); }
  void TearDown() override {
    unsetenv("NESO_CUDA_DRIVER");
    EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
  }
  static ConstMemoryPlace From(const MemoryPlace& place) { return {place.data, place.type, place.device_id}; }
};

TEST_F(GpuMemoryTest, OfFixedSizeStaysSo) {
  const auto memory = GpuMemory::Allocate(1, 100);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ((*memory)->place().device_id, 1);
  EXPECT_TRUE((*memory)->EnsureCapacity(100).ok());
  EXPECT_EQ((*memory)->EnsureCapacity(101).ToString(),
            "Unavailable: 101 bytes of GPU memory are wanted where at most 100 can be");
}

TEST_F(GpuMemoryTest, GrowsWhereItLiesAndKeepsWhatItHolds) {
  const auto memory = GpuMemory::Reserve(0, 5 << 20);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ((*memory)->capacity(), 0U);
  ASSERT_TRUE((*memory)->EnsureCapacity(10).ok());
  EXPECT_EQ((*memory)->capacity(), uint64_t{2} << 20);
  const MemoryPlace before = (*memory)->place();
  const std::string text = "nine bytes";
  ASSERT_TRUE(CopyMemory(before, {.data = text.data()}, text.size()).ok());
  ASSERT_TRUE((*memory)->EnsureCapacity(5 << 20).ok());
  EXPECT_EQ((*memory)->capacity(), uint64_t{6} << 20);
  EXPECT_EQ((*memory)->place().data, before.data);
  std::string back(text.size(), ' ');
  ASSERT_TRUE(CopyMemory({.data = back.data()}, From(before), back.size()).ok());
  EXPECT_EQ(back, text);
  EXPECT_EQ((*memory)->EnsureCapacity(7 << 20).code(), StatusCode::kUnavailable);
}

TEST_F(GpuMemoryTest, SaysThatThereIsNoDeviceOrNoMemory) {
  EXPECT_EQ(GpuMemory::Reserve(2, 1).error().code(), StatusCode::kInvalidArg);
  const auto memory = GpuMemory::Reserve(0, uint64_t{4} << 30);
  ASSERT_TRUE(memory.ok());
  EXPECT_EQ((*memory)->EnsureCapacity(uint64_t{2} << 30).ToString(),
            "Unavailable: GPU 0 has no 2147483648 bytes of memory: out of memory");
}

}  // namespace
}  // namespace neso
