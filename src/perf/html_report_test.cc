#include "perf/html_report.h"

#include <gtest/gtest.h>

namespace neso::perf {
namespace {

using std::chrono::microseconds;

Measured Result(double load, std::initializer_list<int> latencies_us) {
  Measured measured;
  measured.load = load;
  measured.throughput = load * 10;
  Window window{
      .begin = TimePoint(microseconds(0)), .end = TimePoint(std::chrono::seconds(1)), .samples = {}, .server = {}};
  for (const int us : latencies_us)
    window.samples.push_back({.begin = window.begin, .end = window.begin + microseconds(us)});
  measured.latencies = LatenciesOf(window.samples);
  measured.requests = window.samples.size();
  measured.windows.push_back(window);
  return measured;
}

TEST(HtmlReportTest, LoadsAreInOrderInTheirPlots) {
  const std::vector<Measured> results = {Result(4, {4000}), Result(1, {1000, 2000})};
  const Plot latency = LatencyPlot({}, results);
  ASSERT_EQ(latency.series.size(), 3u);
  ASSERT_EQ(latency.series[0].points.size(), 2u);
  EXPECT_EQ(latency.series[0].points[0].x, 1);
  EXPECT_EQ(latency.series[0].points[0].y, 1);
  EXPECT_EQ(latency.series[2].points[1].y, 4);
  EXPECT_EQ(ThroughputPlot({}, results).series[0].points[1].y, 40);
}

TEST(HtmlReportTest, AHistogramHasEveryRequestOnce) {
  const Plot plot = HistogramPlot({}, Result(1, {100, 100, 150, 1000, 20'000, 20'000}));
  double sum = 0;
  for (const Point& point : plot.series[0].points) sum += point.y;
  EXPECT_EQ(sum, 6);
  EXPECT_NEAR(plot.series[0].points.front().x, 0.1, 1e-9);
  EXPECT_NEAR(plot.series[0].points.back().x, 20, 0.01);
  EXPECT_TRUE(HistogramPlot({}, Result(1, {})).series[0].points.empty());
  const Plot same = HistogramPlot({}, Result(1, {7, 7}));
  sum = 0;
  for (const Point& point : same.series[0].points) sum += point.y;
  EXPECT_EQ(sum, 2);
}

TEST(HtmlReportTest, ATimelineHasTheLongestAndTheMedian) {
  const Plot plot = TimelinePlot({}, Result(1, {1000, 1001, 1002, 900'000}));
  ASSERT_EQ(plot.series[0].points.size(), 2u);
  EXPECT_NEAR(plot.series[0].points[0].y, 1.002, 1e-9);
  EXPECT_NEAR(plot.series[1].points[0].y, 1.001, 1e-9);
  EXPECT_NEAR(plot.series[0].points[1].x, 0.9, 0.01);
}

TEST(HtmlReportTest, NeedsNothingFromElsewhere) {
  Options options;
  options.model = "a<b";
  const std::vector<Measured> results = {Result(1, {1000})};
  const std::string page = HtmlReport(options, results);
  EXPECT_NE(page.find("How a&lt;b does under load"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find(" src="), std::string::npos);
  EXPECT_EQ(page.find("href="), std::string::npos);
}

}  // namespace
}  // namespace neso::perf
