#include "perf/server_metrics.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

TEST(GpuMetricsTest, AreFoundAmongOthers) {
  const GpuMetrics metrics = *ReadGpuMetrics(
      "# HELP nv_gpu_utilization GPU utilization rate\n# TYPE nv_gpu_utilization gauge\n"
      "nv_gpu_utilization{gpu_uuid=\"GPU-a\"} 0.25\nnv_gpu_utilization{gpu_uuid=\"GPU-b\"} 1\n"
      "nv_gpu_power_usage{gpu_uuid=\"GPU-a\"} 60.5\nnv_gpu_memory_used_bytes{gpu_uuid=\"GPU-a\"} 1e9\n"
      "nv_gpu_memory_total_bytes{gpu_uuid=\"GPU-a\"} 8000000000\nnv_inference_count{model=\"x\"} 3\n"
      "nv_gpu_utilization_of_nobody 1\n");
  EXPECT_EQ(metrics.utilization, (std::map<std::string, double>{{"GPU-a", 0.25}, {"GPU-b", 1}}));
  EXPECT_EQ(metrics.power_watts.at("GPU-a"), 60.5);
  EXPECT_EQ(metrics.used_bytes.at("GPU-a"), 1e9);
  EXPECT_EQ(metrics.total_bytes.at("GPU-a"), 8e9);
  EXPECT_TRUE(ReadGpuMetrics("")->is_empty());
  EXPECT_EQ(ReadGpuMetrics("nv_gpu_power_usage 1\n<html>\n").error().message(),
            "metrics, line 2: expected the name of a metric, got '<html>'");
}

TEST(GpuMetricsTest, LoadsAreAveragedAndMemoryIsTheMost) {
  GpuMetrics low, high;
  low.utilization["a"] = 0.2;
  high.utilization["a"] = 0.6;
  low.used_bytes["a"] = 10;
  high.used_bytes["a"] = 30;
  const GpuMetrics both = Summarize({low, high, low});
  EXPECT_NEAR(both.utilization.at("a"), 1.0 / 3, 1e-9);
  EXPECT_EQ(both.used_bytes.at("a"), 30);
}

TEST(GpuMetricsTest, HaveAUsualPlace) {
  EXPECT_EQ(*UsualMetricsUrl("http://a:9000/x"), "a:8002/metrics");
  EXPECT_EQ(*UsualMetricsUrl("localhost"), "localhost:8002/metrics");
  EXPECT_EQ(*UsualMetricsUrl("grpcs://a:1"), "a:8002/metrics");
}

}  // namespace
}  // namespace neso::perf
