// Against the stand-in for NVML in tests/gpu.
#include "device/nvml_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace neso {
namespace {

TEST(NvmlMonitorTest, ReadsWhatAGpuTells) {
  const auto monitor = NvmlMonitor::Open(NESO_FAKE_NVML_LIBRARY);
  ASSERT_TRUE(monitor.ok());
  const GpuReading first = (*monitor)->Read(*(*monitor)->Find("GPU-a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0"));
  EXPECT_EQ(first.utilization, 0.37);
  EXPECT_EQ(first.memory_total_bytes, 17'179'869'184U);
  EXPECT_EQ(first.memory_used_bytes, 1'000'000'000U);
  EXPECT_EQ(first.power_watts, 71.5);
  EXPECT_EQ(first.power_limit_watts, 700.0);
  EXPECT_GE(first.energy_joules, 123.0);
  const GpuReading second = (*monitor)->Read(*(*monitor)->Find("GPU-a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1"));
  EXPECT_EQ(second.utilization, 0.0);
  EXPECT_FALSE(second.power_limit_watts.has_value());
  EXPECT_FALSE(second.energy_joules.has_value());
}

TEST(NvmlMonitorTest, SaysWhatIsMissing) {
  const auto monitor = NvmlMonitor::Open(NESO_FAKE_NVML_LIBRARY);
  EXPECT_EQ((*monitor)->Find("GPU-0").error().ToString(), "Not found: NVML does not know GPU-0: Not Found");
  EXPECT_THAT(NvmlMonitor::Open("libneso_no_such_library.so.1").error().message(), ::testing::StartsWith("no NVML: "));
  EXPECT_EQ(NvmlMonitor::Open("libc.so.6").error().message(), "NVML libc.so.6 has no function nvmlInit_v2");
  setenv("NESO_FAKE_NVML", "none", 1);
  EXPECT_THAT(NvmlMonitor::Open(NESO_FAKE_NVML_LIBRARY).error().message(),
              ::testing::EndsWith("does not start: Driver Not Loaded"));
  unsetenv("NESO_FAKE_NVML");
}

}  // namespace
}  // namespace neso
