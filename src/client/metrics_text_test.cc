#include "client/metrics_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace neso::client {
namespace {

TEST(MetricsTextTest, ReadsFamiliesWithTheirSamples) {
  const auto families = ParseMetrics(
      "# HELP nv_inference_count Number of \"inferences\"\n"
      "# TYPE nv_inference_count counter\n"
      "nv_inference_count{model=\"digits\",version=\"1\"} 12\n"
      "nv_inference_count{model=\"a \\\"b\\\"\\\\\\n\",version=\"2\"} 1.5e3 1700000000\n"
      "# TYPE up gauge\n"
      "up 1\n");
  ASSERT_TRUE(families) << families.error().message();
  ASSERT_EQ(families->size(), 2U);
  const MetricFamily& count = families->front();
  EXPECT_EQ(count.name, "nv_inference_count");
  EXPECT_EQ(count.type, "counter");
  EXPECT_EQ(count.help, "Number of \"inferences\"");
  ASSERT_EQ(count.samples.size(), 2U);
  EXPECT_EQ(count.samples[0].Label("model"), "digits");
  EXPECT_EQ(count.samples[0].Label("gpu"), "");
  EXPECT_EQ(count.samples[0].value, 12);
  EXPECT_EQ(count.samples[1].Label("model"), "a \"b\"\\\n");
  EXPECT_EQ(count.samples[1].value, 1500);
  EXPECT_EQ((*families)[1].samples[0].labels.size(), 0U);
}

TEST(MetricsTextTest, KeepsThePartsOfAHistogramTogether) {
  const auto families = ParseMetrics(
      "# TYPE wait histogram\nwait_bucket{le=\"1\"} 3\nwait_bucket{le=\"+Inf\"} 4 # {trace_id=\"x\"} 2.0\n"
      "wait_sum 7\nwait_count 4\n\n# EOF\n");
  ASSERT_TRUE(families) << families.error().message();
  ASSERT_EQ(families->size(), 1U);
  EXPECT_EQ(families->front().samples.size(), 4U);
  EXPECT_EQ(families->front().samples[1].Label("le"), "+Inf");
}

TEST(MetricsTextTest, MetricsWithoutAnIntroductionAreUntyped) {
  const auto families = ParseMetrics("a 1\nb +Inf\nc NaN\n");
  ASSERT_TRUE(families) << families.error().message();
  ASSERT_EQ(families->size(), 3U);
  EXPECT_EQ((*families)[0].type, "untyped");
  EXPECT_TRUE(std::isinf((*families)[1].samples[0].value));
  EXPECT_TRUE(std::isnan((*families)[2].samples[0].value));
}

TEST(MetricsTextTest, SaysWhichLineIsNone) {
  const auto complaint = [](const char* text) { return ParseMetrics(text).error().message(); };
  EXPECT_EQ(complaint("a 1\n{x} 2\n"), "metrics, line 2: expected the name of a metric, got '{x} 2'");
  EXPECT_EQ(complaint("a one\n"), "metrics, line 1: expected a number, got 'one'");
  EXPECT_EQ(complaint("a\n"), "metrics, line 1: expected a number, got ''");
  EXPECT_EQ(complaint("a{b} 1\n"), "metrics, line 1: expected a label such as model=\"digits\"");
  EXPECT_EQ(complaint("a{b=\"c} 1\n"), "metrics, line 1: a label's value that does not end");
  EXPECT_EQ(complaint("a{b=\"c\" d=\"e\"} 1\n"), "metrics, line 1: expected ',' or '}' after a label");
}

}  // namespace
}  // namespace neso::client
