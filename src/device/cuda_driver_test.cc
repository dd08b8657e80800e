// The driver's calls, against the stand-in of tests/gpu: what the real one answers is for a machine with a GPU to tell.
#include "device/cuda_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "device/fake_cuda_for_test.h"

namespace neso {
namespace {

class CudaDriverTest : public ::testing::Test {
 protected:
  void TearDown() override {
    unsetenv("NESO_FAKE_CUDA");
    unsetenv("NESO_CUDA_DRIVER");
  }
  static std::shared_ptr<CudaDriver> Load() { return *CudaDriver::Load(NESO_FAKE_CUDA_DRIVER); }
};

TEST_F(CudaDriverTest, SaysWhatIsMissing) {
  EXPECT_THAT(CudaDriver::Load("libneso_no_such_driver.so.1").error().message(),
              ::testing::StartsWith("no CUDA driver: libneso_no_such_driver.so.1"));
  EXPECT_EQ(CudaDriver::Load("libc.so.6").error().message(), "the CUDA driver libc.so.6 has no function cuInit");
  setenv("NESO_FAKE_CUDA", "none", 1);
  EXPECT_THAT(CudaDriver::Load(NESO_FAKE_CUDA_DRIVER).error().message(),
              ::testing::EndsWith("does not start: no CUDA-capable device is detected"));
}

TEST_F(CudaDriverTest, ListsTheGpusWithoutAContext) {
  const auto driver = Load();
  ASSERT_EQ(driver->devices().size(), 2U);
  const GpuDevice& gpu = driver->devices()[1];
  EXPECT_EQ(gpu.id, 1);
  EXPECT_EQ(gpu.name, "Stand-in B");
  EXPECT_EQ(gpu.uuid, "GPU-a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1");
  EXPECT_EQ(gpu.memory_bytes, uint64_t{16} << 30);
  EXPECT_EQ(gpu.compute_capability, 7.0);
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

TEST_F(CudaDriverTest, AVariableOfTheEnvironmentNamesTheDriver) {
  setenv("NESO_CUDA_DRIVER", NESO_FAKE_CUDA_DRIVER, 1);
  EXPECT_TRUE(MachineHasGpu());
  const auto driver = CudaDriver::OfProcess();
  ASSERT_TRUE(driver.ok());
  EXPECT_EQ(*CudaDriver::OfProcess(), *driver);
}

TEST_F(CudaDriverTest, OthersMayOpenWhatIsAllocated) {
  setenv("NESO_FAKE_CUDA", "exporting", 1);
  const auto driver = Load();
  const uint64_t memory = *driver->Allocate(0, 1000);
  const CudaIpcHandle handle = *driver->IpcHandleOf(0, memory);
  const uint64_t opened = *driver->OpenIpc(0, handle, 1000);
  driver->CloseIpc(0, opened);
  driver->Free(0, memory);
  EXPECT_THAT(driver->IpcHandleOf(0, memory).error().message(),
              ::testing::StartsWith("memory of GPU 0 cannot be shared"));
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

TEST_F(CudaDriverTest, AllocationsKeepTheContextUntilTheyAreFreed) {
  const auto driver = Load();
  const uint64_t memory = *driver->Allocate(1, 1000);
  void* const pinned = *driver->AllocatePinned(1000);
  EXPECT_EQ(FakeCudaCountsNow().retained_contexts, 2);
  EXPECT_EQ(FakeCudaCountsNow().allocations, 2U);
  driver->Free(1, memory);
  driver->FreePinned(pinned);
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

TEST_F(CudaDriverTest, SaysThatThereIsNoMemoryOrNoDevice) {
  const auto driver = Load();
  EXPECT_EQ(driver->Allocate(0, uint64_t{1} << 40).error().ToString(),
            "Unavailable: GPU 0 has no 1099511627776 bytes of memory: out of memory");
  EXPECT_EQ(driver->Allocate(2, 1).error().ToString(), "Invalid argument: device 2: invalid device ordinal");
  EXPECT_EQ(driver->Allocate(-1, 1).error().code(), StatusCode::kInvalidArg);
  EXPECT_EQ(driver->Copy(7, nullptr, nullptr, 1).code(), StatusCode::kInvalidArg);
  EXPECT_EQ(driver->Memory(2).error().code(), StatusCode::kInvalidArg);
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

TEST_F(CudaDriverTest, TellsHowMuchMemoryIsInUse) {
  const auto driver = Load();
  EXPECT_EQ(driver->Memory(0)->used_bytes, 0U);
  setenv("NESO_FAKE_CUDA", "full", 1);
  EXPECT_EQ(driver->Memory(0)->used_bytes, uint64_t{15} << 30);
  EXPECT_EQ(driver->Memory(0)->total_bytes, uint64_t{16} << 30);
}

TEST_F(CudaDriverTest, PeersAreTriedOnce) {
  const auto driver = Load();
  driver->AllowPeerAccess();
  driver->EnablePeerAccess(0, 1);
  driver->EnablePeerAccess(0, 1);
  driver->EnablePeerAccess(0, 9);
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

}  // namespace
}  // namespace neso
