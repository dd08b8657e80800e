#include "device/copy_memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "device/cuda_driver.h"
#include "device/fake_cuda_for_test.h"

namespace neso {
namespace {

// Memory of a stand-in GPU that the CPU cannot touch.
class CopyMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("NESO_FAKE_CUDA", "guarded", 1);
    setenv("NESO_CUDA_DRIVER", NESO_FAKE_CUDA_DRIVER, 1);
    driver_ = *CudaDriver::OfProcess();
    driver_->AllowPeerAccess();
    for (int id : {0, 1}) gpu_[id] = *driver_->Allocate(id, 4096);
  }
  void TearDown() override {
    for (int id : {0, 1}) driver_->Free(id, gpu_[id]);
    unsetenv("NESO_FAKE_CUDA");
    unsetenv("NESO_CUDA_DRIVER");
  }
  MemoryPlace Gpu(int id) const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the driver's addresses are numbers
    return {.data = reinterpret_cast<void*>(gpu_[id]), .type = MemoryType::kGpu, .device_id = id};
  }
  static ConstMemoryPlace From(const MemoryPlace& place) { return {place.data, place.type, place.device_id}; }

  std::shared_ptr<CudaDriver> driver_;
  uint64_t gpu_[2] = {0, 0};
};

TEST_F(CopyMemoryTest, GoesFromTheHostThroughTwoGpusAndBack) {
  const std::string text = "nine bytes";
  std::string back(text.size(), ' ');
  ASSERT_TRUE(CopyMemory(Gpu(0), {.data = text.data()}, text.size()).ok());
  ASSERT_TRUE(CopyMemory(Gpu(1), From(Gpu(0)), text.size()).ok());
  ASSERT_TRUE(CopyMemory({.data = back.data()}, From(Gpu(1)), text.size()).ok());
  EXPECT_EQ(back, text);
}

TEST_F(CopyMemoryTest, SaysWhatTheDriverRefuses) {
  char bytes[8192] = {};
  EXPECT_EQ(CopyMemory({.data = bytes}, From(Gpu(0)), sizeof(bytes)).ToString(),
            "Internal: 8192 bytes cannot be copied by GPU 0: invalid argument");
  EXPECT_TRUE(CopyMemory({.data = bytes}, From(Gpu(0)), 0).ok());
}

TEST_F(CopyMemoryTest, OverlapsOnTheHost) {
  std::string text = "abcdef";
  ASSERT_TRUE(CopyMemory({.data = text.data() + 1}, {.data = text.data(), .type = MemoryType::kCpuPinned}, 5).ok());
  EXPECT_EQ(text, "aabcde");
}

}  // namespace
}  // namespace neso
