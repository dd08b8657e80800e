// Against the stand-in for DCGM in tests/gpu.
#include "device/dcgm_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace neso {
namespace {

constexpr const char* kFirst = "GPU-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0";
constexpr const char* kSecond = "GPU-a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1";

TEST(DcgmMonitorTest, ReadsWhatAGpuTells) {
  const auto monitor = DcgmMonitor::Open(NESO_FAKE_DCGM_LIBRARY);
  ASSERT_TRUE(monitor.ok()) << monitor.status().ToString();
  const GpuMonitor::Gpu gpu = *(*monitor)->Find(kFirst);
  const GpuReading first = (*monitor)->Read(gpu);
  EXPECT_EQ(first.utilization, 0.61);
  EXPECT_EQ(first.memory_total_bytes, uint64_t{81'559} << 20);
  EXPECT_EQ(first.memory_used_bytes, uint64_t{1'024} << 20);
  EXPECT_EQ(first.power_watts, 81.25);
  EXPECT_EQ(first.power_limit_watts, 350.0);
  EXPECT_TRUE((*monitor)->Update());
  EXPECT_EQ((*monitor)->Read(gpu).energy_joules, *first.energy_joules + 2.5);
}

TEST(DcgmMonitorTest, WhatIsBlankIsLeftOut) {
  const auto monitor = DcgmMonitor::Open(NESO_FAKE_DCGM_LIBRARY);
  const GpuReading second = (*monitor)->Read(*(*monitor)->Find(kSecond));
  EXPECT_EQ(second.utilization, 0.0);
  EXPECT_FALSE(second.power_watts.has_value());
  EXPECT_FALSE(second.power_limit_watts.has_value());
  EXPECT_FALSE(second.energy_joules.has_value());
  EXPECT_FALSE(second.memory_used_bytes.has_value());
}

TEST(DcgmMonitorTest, SaysWhatIsMissing) {
  EXPECT_EQ((*DcgmMonitor::Open(NESO_FAKE_DCGM_LIBRARY))->Find("GPU-0").error().ToString(),
            "Not found: DCGM does not know GPU-0");
  EXPECT_THAT(DcgmMonitor::Open("libneso_no_such_library.so.1").error().message(), ::testing::StartsWith("no DCGM: "));
  EXPECT_EQ(DcgmMonitor::Open("libc.so.6").error().message(), "DCGM libc.so.6 has no function dcgmInit");
  setenv("NESO_FAKE_DCGM", "none", 1);
  EXPECT_THAT(DcgmMonitor::Open(NESO_FAKE_DCGM_LIBRARY).error().message(),
              ::testing::EndsWith("does not start: engine: Setup failed"));
  unsetenv("NESO_FAKE_DCGM");
}

TEST(GpuMonitorTest, WithoutBothLibrariesBothReasonsAreTold) {
  setenv("NESO_DCGM", "libneso_no_dcgm.so", 1);
  setenv("NESO_NVML", "libneso_no_nvml.so", 1);
  const std::string reason = GpuMonitor::OpenDefault().error().message();
  unsetenv("NESO_DCGM");
  unsetenv("NESO_NVML");
  EXPECT_THAT(reason, ::testing::AllOf(::testing::HasSubstr("no NVML: libneso_no_nvml.so"),
                                       ::testing::HasSubstr("no DCGM: libneso_no_dcgm.so")));
}

}  // namespace
}  // namespace neso
