#include "observe/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso {
namespace {

using ::testing::HasSubstr;

TEST(ProcessMetricsTest, ReadsWhatTheKernelTells) {
  const std::optional<ProcessStat> stat = ParseProcessStat(
      "71 (a) b (c) S 1 71 71 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 12 0 9000 123456789 321 18446744073709551615 1 1\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpu_ticks, 300U);
  EXPECT_EQ(stat->threads, 12U);
  EXPECT_EQ(stat->start_ticks, 9000U);
  EXPECT_EQ(stat->virtual_bytes, 123456789U);
  EXPECT_EQ(stat->resident_pages, 321U);
}

TEST(ProcessMetricsTest, OtherTextsTellNothing) {
  EXPECT_FALSE(ParseProcessStat(""));
  EXPECT_FALSE(ParseProcessStat("71 (neso) S 1 2 3"));
  EXPECT_FALSE(ParseProcessStat("71 neso S 1 71 71 0 -1 1 1 0 0 0 2 5 7 8 20 0 12 0 9 1 3 1 1 1"));
}

TEST(ProcessMetricsTest, HasTheStandardNames) {
  const MetricCollector collect = ProcessMetricsCollector();
  MetricWriter writer;
  collect(writer);
  const std::string text = writer.Take();
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                           "process_threads", "process_open_fds", "process_max_fds", "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name + " ")) << name;
  }
}

}  // namespace
}  // namespace neso
