// Against the stand-in for CUDA's driver: GPU 0 has compute capability 9.0, GPU 1 has 7.0.
#include "backend/usable_gpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "device/fake_cuda_for_test.h"

namespace neso {
namespace {

using inference::ModelInstanceGroup;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UsableGpusTest : public ::testing::Test {
 protected:
  void SetUp() override { setenv("NESO_CUDA_DRIVER", NESO_FAKE_CUDA_DRIVER, 1); }
  void TearDown() override {
    unsetenv("NESO_CUDA_DRIVER");
    unsetenv("NESO_FAKE_CUDA");
  }
  static BackendOptions Options(double min_compute_capability) {
    BackendOptions options;
    options.min_compute_capability = min_compute_capability;
    return options;
  }
  static inference::ModelConfig Config(ModelInstanceGroup::Kind kind, int gpu = -1) {
    inference::ModelConfig config;
    config.set_name("m");
    ModelInstanceGroup& group = *config.add_instance_group();
    group.set_kind(kind);
    if (gpu >= 0) group.add_gpus(gpu);
    return config;
  }
};

TEST_F(UsableGpusTest, AreThoseWithEnoughComputeCapability) {
  const inference::ModelConfig config = Config(ModelInstanceGroup::KIND_AUTO);
  UsableGpus new_ones(Options(7.5));
  EXPECT_THAT(new_ones.For(config), ElementsAre(0));
  UsableGpus all(Options(7.0));
  EXPECT_THAT(all.For(config), ElementsAre(0, 1));
  EXPECT_EQ(all.InventoryFor(config).min_compute_capability, 7.0);
  EXPECT_THAT(all.For(inference::ModelConfig()), ElementsAre(0, 1));
  EXPECT_EQ(FakeCudaCountsNow(), FakeCudaState());
}

TEST_F(UsableGpusTest, DoNotMatterToAModelThatRunsElsewhere) {
  UsableGpus gpus(Options(7.0));
  EXPECT_THAT(gpus.For(Config(ModelInstanceGroup::KIND_CPU)), IsEmpty());
  EXPECT_THAT(gpus.For(Config(ModelInstanceGroup::KIND_MODEL)), IsEmpty());
}

TEST_F(UsableGpusTest, RefuseAModelWhenTheirMemoryIsUsedBeyondTheLimit) {
  BackendOptions options = Options(7.0);
  options.gpu_load_limits = {{0, 0.5}};
  UsableGpus gpus(options);
  const inference::ModelConfig config = Config(ModelInstanceGroup::KIND_GPU, 0);
  EXPECT_TRUE(gpus.CheckLimits(config).ok());
  setenv("NESO_FAKE_CUDA", "full", 1);
  EXPECT_EQ(
      gpus.CheckLimits(config).ToString(),
      "Unavailable: can not create model 'm': memory limit set for GPU 0 has exceeded, model loading is rejected: "
      "16106127360 of 17179869184 bytes are in use, --model-load-gpu-limit allows 0.5 of them");
  EXPECT_TRUE(gpus.CheckLimits(Config(ModelInstanceGroup::KIND_GPU, 1)).ok());
  EXPECT_TRUE(gpus.CheckLimits(Config(ModelInstanceGroup::KIND_CPU)).ok());
}

}  // namespace
}  // namespace neso
