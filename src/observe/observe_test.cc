#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "observe/custom_metrics.h"
#include "observe/gpu_metrics.h"
#include "observe/host_metrics.h"
#include "observe/metric_registry.h"

namespace neso {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<Metric> MustAcquire(MetricFamily& family, const MetricLabels& labels, std::vector<double> bounds = {}) {
  Expected<std::shared_ptr<Metric>> metric = family.Acquire(labels, std::move(bounds));
  EXPECT_TRUE(metric.ok()) << metric.status().ToString();
  return *metric;
}

std::string TextOf(const MetricRegistry& registry, MetricFormat format = MetricFormat::kText) {
  MetricWriter writer(format);
  registry.Write(writer);
  return writer.Take();
}

TEST(MetricWriterTest, WritesHelpTypeAndSortedLabels) {
  MetricWriter writer;
  writer.BeginFamily("hits", "Number of \\ hits\nand more", MetricKind::kCounter);
  writer.Line("hits", {{"version", "1"}, {"model", "a\"b\\c\n"}}, uint64_t{2});
  writer.Line("hits", {}, 0.5);
  EXPECT_EQ(writer.Take(),
            "# HELP hits Number of \\\\ hits\\nand more\n# TYPE hits counter\n"
            "hits{model=\"a\\\"b\\\\c\\n\",version=\"1\"} 2\nhits 0.5\n");
}

TEST(MetricWriterTest, WhatIsNoUtf8IsReplacedSinceAScraperWouldRefuseAll) {
  MetricWriter writer;
  writer.BeginFamily("hits", "\xe2\x82\xac or \xff", MetricKind::kGauge);
  writer.Line("hits", {{"model", "\xe9t\xc3\xa9\""}}, uint64_t{2});
  EXPECT_EQ(writer.Take(),
            "# HELP hits \xe2\x82\xac or \xc3\xbf\n# TYPE hits gauge\nhits{model=\"\xc3\xa9t\xc3\xa9\\\"\"} 2\n");
}

TEST(MetricWriterTest, PrintsWholeNumbersWithoutDecimals) {
  MetricWriter writer;
  writer.Line("x", {}, 2.0);
  writer.Line("x", {}, 268435456.0);
  writer.Line("x", {}, std::numeric_limits<double>::infinity());
  writer.Line("x", {}, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(writer.Take(), "x 2\nx 268435456\nx +Inf\nx Nan\n");
}

TEST(MetricWriterTest, CumulatesBucketsOfHistograms) {
  MetricWriter writer;
  const double bounds[] = {100, 500.5};
  const uint64_t counts[] = {1, 2, 3};
  writer.Histogram("ms", {{"model", "m"}}, {.bounds = bounds, .counts = counts, .sum = 1234.5});
  EXPECT_EQ(writer.Take(),
            "ms_count{model=\"m\"} 6\nms_sum{model=\"m\"} 1234.5\nms_bucket{model=\"m\",le=\"100\"} 1\n"
            "ms_bucket{model=\"m\",le=\"500.5\"} 3\nms_bucket{model=\"m\",le=\"+Inf\"} 6\n");
}

constexpr TraceKey kW3c{.high = 0x1234, .low = 0xabcdef, .is_w3c = true};

TEST(OpenMetricsTest, CountersEndWithTotalAndTellWhenTheyBegan) {
  MetricWriter writer(MetricFormat::kOpenMetrics);
  writer.BeginFamily("hits", "Number of \"hits\"", MetricKind::kCounter);
  writer.Line("hits", {{"model", "m"}}, uint64_t{2}, {.created_ms = 1'700'000'000'050, .exemplar = {}});
  writer.BeginFamily("bytes_total", "", MetricKind::kCounter);
  writer.Line("bytes_total", {}, 0.5, {.created_ms = 1'001, .exemplar = {}});
  writer.BeginFamily("level", "", MetricKind::kGauge);
  writer.Line("level", {}, std::numeric_limits<double>::quiet_NaN(), {.created_ms = 1, .exemplar = {}});
  EXPECT_EQ(writer.Take(),
            "# HELP hits Number of \\\"hits\\\"\n# TYPE hits counter\n"
            "hits_total{model=\"m\"} 2\nhits_created{model=\"m\"} 1700000000.050\n"
            "# TYPE bytes counter\nbytes_total 0.5\nbytes_created 1.001\n"
            "# TYPE level gauge\nlevel NaN\n# EOF\n");
}

TEST(OpenMetricsTest, ExamplesAreTracesOfRequests) {
  const std::optional<Exemplar> exemplars[] = {std::nullopt,
                                               Exemplar{.trace = {.low = 17}, .unix_ms = 5'006, .value = 2'500'000}};
  const double bounds[] = {1};
  const uint64_t counts[] = {0, 3};
  const HistogramLines lines{
      .bounds = bounds, .counts = counts, .sum = 8, .exemplars = exemplars, .exemplar_unit = 1e6};
  MetricWriter writer(MetricFormat::kOpenMetrics);
  writer.BeginFamily("ms", "", MetricKind::kHistogram);
  writer.Histogram("ms", {}, lines);
  writer.BeginFamily("hits", "", MetricKind::kCounter);
  writer.Line("hits", {}, uint64_t{9},
              {.created_ms = 0, .exemplar = Exemplar{.trace = kW3c, .unix_ms = 1'000, .value = 1}});
  EXPECT_EQ(writer.Take(),
            "# TYPE ms histogram\nms_count 3\nms_sum 8\nms_bucket{le=\"1.0\"} 0\n"
            "ms_bucket{le=\"+Inf\"} 3 # {trace_id=\"17\"} 2.5 5.006\n"
            "# TYPE hits counter\n"
            "hits_total 9 # {trace_id=\"00000000000012340000000000abcdef\"} 1 1.000\n# EOF\n");

  MetricWriter text;
  text.BeginFamily("ms", "", MetricKind::kHistogram);
  text.Histogram("ms", {}, lines);
  EXPECT_EQ(text.Take(),
            "# TYPE ms histogram\nms_count 3\nms_sum 8\nms_bucket{le=\"1\"} 0\nms_bucket{le=\"+Inf\"} 3\n");
}

TEST(OpenMetricsTest, SummariesTellWhenTheyBegan) {
  const std::pair<double, double> quantiles[] = {{0.5, 7}, {1, 9}};
  MetricWriter writer(MetricFormat::kOpenMetrics);
  writer.BeginFamily("us", "", MetricKind::kSummary);
  writer.Summary("us", {}, {.quantiles = quantiles, .count = 2, .sum = 16, .created_ms = 2'000});
  EXPECT_EQ(writer.Take(),
            "# TYPE us summary\nus_count 2\nus_sum 16\nus{quantile=\"0.5\"} 7\nus{quantile=\"1.0\"} 9\n"
            "us_created 2.000\n# EOF\n");
}

TEST(MetricFamilyTest, ValuesAreThoseOfMetricsThatSomebodyHolds) {
  MetricRegistry registry;
  const std::shared_ptr<MetricFamily> family = *registry.Family(MetricKind::kGauge, "blocks", "help");
  auto first = MustAcquire(*family, {{"type", "used"}});
  auto second = MustAcquire(*family, {{"type", "max"}});
  EXPECT_TRUE(first->Set(3).ok());
  second.reset();
  EXPECT_EQ(registry.FindFamily("blocks"), family);
  EXPECT_EQ(family->Values(), (std::vector<std::pair<MetricLabels, double>>{{{{"type", "used"}}, 3.0}}));
  EXPECT_EQ(registry.FindFamily("nobody"), nullptr);
}

TEST(MetricFamilyTest, EqualLabelsShareOneMetricUntilTheLastHolderGoes) {
  MetricFamily family(MetricKind::kCounter, "hits", "help");
  auto first = MustAcquire(family, {{"a", "1"}});
  auto second = MustAcquire(family, {{"a", "1"}});
  EXPECT_TRUE(first->Increment(2).ok());
  EXPECT_EQ(*second->Value(), 2);
  first.reset();
  second.reset();
  EXPECT_EQ(*MustAcquire(family, {{"a", "1"}})->Value(), 0);
}

TEST(MetricFamilyTest, AFamilyWithoutMetricsIsNotPrinted) {
  MetricRegistry registry;
  auto family = registry.Family(MetricKind::kGauge, "level", "help");
  ASSERT_TRUE(family.ok());
  auto metric = MustAcquire(**family, {});
  EXPECT_TRUE(metric->Set(3).ok());
  EXPECT_EQ(TextOf(registry), "# HELP level help\n# TYPE level gauge\nlevel 3\n");
  metric.reset();
  EXPECT_EQ(TextOf(registry), "");
}

TEST(MetricFamilyTest, RefusesWhatPrometheusDoesNotKnow) {
  MetricFamily family(MetricKind::kHistogram, "ms", "help");
  EXPECT_FALSE(family.Acquire({{"bad-name", "1"}}, {1}).ok());
  EXPECT_FALSE(family.Acquire({{"le", "1"}}, {1}).ok()) << "each bucket has it";
  EXPECT_TRUE(MetricFamily(MetricKind::kGauge, "g", "").Acquire({{"le", "1"}}, {}).ok());
  EXPECT_FALSE(family.Acquire({}, {2, 1}).ok());
  EXPECT_FALSE(family.Acquire({}, {1, 1}).ok());
  EXPECT_FALSE(family.Acquire({}, {std::numeric_limits<double>::quiet_NaN()}).ok());
  MetricRegistry registry;
  EXPECT_FALSE(registry.Family(MetricKind::kGauge, "1st", "").ok());
  EXPECT_TRUE(registry.Family(MetricKind::kGauge, "vllm:num_requests", "").ok());
}

TEST(MetricTest, AHistogramWithoutAnEndHasItOnce) {
  MetricFamily family(MetricKind::kHistogram, "h", "");
  const std::shared_ptr<Metric> open = MustAcquire(family, {}, {1, std::numeric_limits<double>::infinity()});
  EXPECT_TRUE(open->Observe(2).ok());
  MetricWriter writer;
  open->Write(writer, "h", {});
  EXPECT_EQ(writer.Take(), "h_count 1\nh_sum 2\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 1\n");
}

TEST(MetricTest, WhatIsNoNumberIsAboveAllLimits) {
  Metric histogram(MetricKind::kHistogram, {1, 2});
  EXPECT_TRUE(histogram.Observe(std::numeric_limits<double>::quiet_NaN()).ok());
  MetricWriter writer;
  histogram.Write(writer, "h", {});
  EXPECT_THAT(writer.Take(), HasSubstr("h_bucket{le=\"1\"} 0\nh_bucket{le=\"2\"} 0\nh_bucket{le=\"+Inf\"} 1\n"));
}

TEST(MetricTest, EachKindDoesWhatItCan) {
  Metric counter(MetricKind::kCounter, {}), gauge(MetricKind::kGauge, {}), histogram(MetricKind::kHistogram, {1, 2});
  EXPECT_EQ(counter.Increment(-1).message(),
            "TRITONSERVER_METRIC_KIND_COUNTER can only be incremented monotonically by non-negative values.");
  EXPECT_EQ(counter.Increment(std::numeric_limits<double>::quiet_NaN()).code(), StatusCode::kInvalidArg);
  EXPECT_EQ(counter.Set(1).code(), StatusCode::kUnsupported);
  EXPECT_EQ(counter.Observe(1).code(), StatusCode::kUnsupported);
  EXPECT_TRUE(gauge.Increment(-1).ok());
  EXPECT_EQ(*gauge.Value(), -1);
  EXPECT_EQ(gauge.Observe(1).code(), StatusCode::kUnsupported);
  EXPECT_TRUE(histogram.Observe(2).ok());
  EXPECT_TRUE(histogram.Observe(3).ok());
  EXPECT_EQ(histogram.Increment(1).code(), StatusCode::kUnsupported);
  EXPECT_EQ(histogram.Value().error().code(), StatusCode::kUnsupported);
  MetricWriter writer;
  histogram.Write(writer, "h", {});
  EXPECT_EQ(writer.Take(), "h_count 2\nh_sum 5\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"+Inf\"} 2\n");
}

TEST(MetricRegistryTest, KeepsTheOrderOfAddingAndOneFamilyPerName) {
  MetricRegistry registry;
  registry.AddCollector([](MetricWriter& writer) { writer.Line("first", {}, uint64_t{1}); });
  auto family = registry.Family(MetricKind::kGauge, "second", "help");
  ASSERT_TRUE(family.ok());
  EXPECT_EQ(registry.Family(MetricKind::kGauge, "second", "help")->get(), family->get());
  EXPECT_EQ(registry.Family(MetricKind::kCounter, "second", "help").error().code(), StatusCode::kInvalidArg);
  auto metric = MustAcquire(**family, {});
  EXPECT_EQ(TextOf(registry), "first 1\n# HELP second help\n# TYPE second gauge\nsecond 0\n");
}

TEST(MetricRegistryTest, TheFirstHelpStaysWhileSomebodyHoldsTheFamily) {
  MetricRegistry registry;
  auto metric = MustAcquire(**registry.Family(MetricKind::kGauge, "level", "first"), {});
  EXPECT_EQ((*registry.Family(MetricKind::kGauge, "level", "second"))->help(), "first") << "a metric is there";
  metric.reset();
  const auto family = registry.Family(MetricKind::kGauge, "level", "second");
  EXPECT_EQ((*registry.Family(MetricKind::kGauge, "level", "third"))->help(), "second");
  EXPECT_EQ(registry.Family(MetricKind::kCounter, "level", "").error().message(),
            "metric family 'level' exists already with another kind");
}

TEST(MetricRegistryTest, AFamilyThatNobodyHoldsMayBecomeAnother) {
  MetricRegistry registry;
  EXPECT_TRUE(registry.Family(MetricKind::kCounter, "level", "").ok());
  EXPECT_TRUE(registry.Family(MetricKind::kGauge, "other", "").ok());
  auto level = MustAcquire(**registry.Family(MetricKind::kGauge, "level", "help"), {});
  auto other = MustAcquire(**registry.Family(MetricKind::kGauge, "other", ""), {});
  EXPECT_EQ(TextOf(registry), "# HELP level help\n# TYPE level gauge\nlevel 0\n# TYPE other gauge\nother 0\n");
}

class FakeHost final : public HostReader {
 public:
  std::string Stat() const override { return stat; }
  std::string MemInfo() const override { return "MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:   40 kB\n"; }
  std::string stat = "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3 4\n";
};

TEST(HostMetricsTest, UtilizationIsTheBusyShareSinceTheReadingBefore) {
  auto host = std::make_shared<FakeHost>();
  ManualClock clock;
  MetricCollector collect = HostMetricsCollector(host, clock, std::chrono::milliseconds(2000));
  host->stat = "cpu  150 0 125 825 0 0 0 0 0 0\n";
  clock.Advance(std::chrono::seconds(2));
  MetricWriter writer;
  collect(writer);
  const std::string text = writer.Take();
  EXPECT_THAT(text, HasSubstr("nv_cpu_utilization 0.75\n"));
  EXPECT_THAT(text, HasSubstr("nv_cpu_memory_total_bytes 102400\n"));
  EXPECT_THAT(text, HasSubstr("nv_cpu_memory_used_bytes 61440\n"));

  host->stat = "cpu  150 0 125 900 0 0 0 0 0 0\n";
  clock.Advance(std::chrono::milliseconds(10));
  MetricWriter soon;
  collect(soon);
  EXPECT_THAT(soon.Take(), HasSubstr("nv_cpu_utilization 0.75\n"));
}

TEST(HostMetricsTest, UnreadableFilesGiveNoFamilies) {
  EXPECT_FALSE(ParseCpuTimes(""));
  EXPECT_FALSE(ParseCpuTimes("cpu  1 2"));
  EXPECT_FALSE(ParseHostMemory("MemTotal: 5 kB\n"));
}

// Two GPUs, of which the second tells little; the first uses 10 J a reading.
class FakeGpus final : public GpuReader {
 public:
  std::optional<std::vector<GpuMeasurement>> Read() const override {
    ++reads_;
    if (fails) return {};
    GpuReading first{.utilization = 0.25,
                     .memory_total_bytes = 1000,
                     .memory_used_bytes = 10,
                     .power_watts = 70.5,
                     .power_limit_watts = 700,
                     .energy_joules = 500.0 + 10.0 * reads_};
    GpuReading second;
    second.utilization = 0;
    return std::vector<GpuMeasurement>{{"GPU-a", first}, {"GPU-b", second}};
  }
  int reads() const { return reads_; }

  bool fails = false;

 private:
  mutable int reads_ = 0;
};

TEST(GpuMetricsTest, AfterThreeFailuresTheLastMeasurementStays) {
  ManualClock clock;
  const auto gpus = std::make_shared<FakeGpus>();
  const MetricCollector collector = GpuMetricsCollector(gpus, clock, std::chrono::milliseconds(1000));
  const auto scrape = [&] {
    clock.Advance(std::chrono::seconds(1));
    MetricWriter writer;
    collector(writer);
    return writer.Take();
  };
  const std::string before = scrape();
  gpus->fails = true;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(scrape(), before);
  gpus->fails = false;
  EXPECT_NE(scrape(), before) << "two are not enough";
  gpus->fails = true;
  for (int i = 0; i < 3; ++i) scrape();
  gpus->fails = false;
  const int reads = gpus->reads();
  scrape();
  EXPECT_EQ(gpus->reads(), reads);
}

TEST(GpuMetricsTest, WritesWhatEachGpuTellsAndEnergyFromTheStart) {
  ManualClock clock;
  const MetricCollector collector =
      GpuMetricsCollector(std::make_shared<FakeGpus>(), clock, std::chrono::milliseconds(1000));
  clock.Advance(std::chrono::milliseconds(499));
  MetricWriter soon;
  collector(soon);
  EXPECT_THAT(soon.Take(), HasSubstr("nv_energy_consumption{gpu_uuid=\"GPU-a\"} 0\n"));
  clock.Advance(std::chrono::milliseconds(1));
  MetricWriter later;
  collector(later);
  EXPECT_EQ(later.Take(),
            "# HELP nv_gpu_utilization GPU utilization rate [0.0 - 1.0)\n# TYPE nv_gpu_utilization gauge\n"
            "nv_gpu_utilization{gpu_uuid=\"GPU-a\"} 0.25\nnv_gpu_utilization{gpu_uuid=\"GPU-b\"} 0\n"
            "# HELP nv_gpu_memory_total_bytes GPU total memory, in bytes\n# TYPE nv_gpu_memory_total_bytes gauge\n"
            "nv_gpu_memory_total_bytes{gpu_uuid=\"GPU-a\"} 1000\n"
            "# HELP nv_gpu_memory_used_bytes GPU used memory, in bytes\n# TYPE nv_gpu_memory_used_bytes gauge\n"
            "nv_gpu_memory_used_bytes{gpu_uuid=\"GPU-a\"} 10\n"
            "# HELP nv_gpu_power_usage GPU power usage in watts\n# TYPE nv_gpu_power_usage gauge\n"
            "nv_gpu_power_usage{gpu_uuid=\"GPU-a\"} 70.5\n"
            "# HELP nv_gpu_power_limit GPU power management limit in watts\n# TYPE nv_gpu_power_limit gauge\n"
            "nv_gpu_power_limit{gpu_uuid=\"GPU-a\"} 700\n"
            "# HELP nv_energy_consumption GPU energy consumption in joules since the Triton Server started\n"
            "# TYPE nv_energy_consumption counter\nnv_energy_consumption{gpu_uuid=\"GPU-a\"} 10\n");
}

}  // namespace
}  // namespace neso
