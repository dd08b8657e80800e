#include "frontend/http/load_report.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "observe/custom_metrics.h"

namespace neso {
namespace {

class LoadReportTest : public ::testing::Test {
 protected:
  void Report(const std::string& model, const std::string& type, double value) {
    const auto family = *registry_.Family(MetricKind::kGauge, "nv_trt_llm_kv_cache_block_metrics", "help");
    held_.push_back(*family->Acquire({{"model", model}, {"kv_cache_block_type", type}}, {}));
    ASSERT_TRUE(held_.back()->Set(value).ok());
  }
  void Report(const std::string& model, double used, double max, double tokens_per) {
    Report(model, "used", used);
    Report(model, "max", max);
    Report(model, "tokens_per", tokens_per);
    Report(model, "free", 1);  // there are more types, which do not count
  }
  std::string Text() { return LoadReport("text", registry_).value_or("none"); }

  MetricRegistry registry_;
  std::vector<std::shared_ptr<Metric>> held_;
};

TEST_F(LoadReportTest, HasTwoForms) {
  Report("llm", 25, 100, 64);
  EXPECT_EQ(LoadReport("json", registry_),
            R"(JSON {"named_metrics":{"kv_cache_utilization":0.25,"max_token_capacity":6400}})");
  EXPECT_EQ(Text(), "TEXT named_metrics.kv_cache_utilization=0.25, named_metrics.max_token_capacity=6400");
  EXPECT_EQ(LoadReport("bin", registry_), std::nullopt);
  EXPECT_EQ(LoadReport("", registry_), std::nullopt);
}

TEST_F(LoadReportTest, AnEmptyCacheIsReported) {
  Report("llm", 0, 10, 32);
  EXPECT_EQ(Text(), "TEXT named_metrics.kv_cache_utilization=0.0, named_metrics.max_token_capacity=320");
}

TEST_F(LoadReportTest, ModelsAreAddedUpAndThoseThatReportInPartAreLeftOut) {
  Report("a", 10, 100, 64);
  Report("b", 40, 100, 32);
  Report("c", "used", 1000);
  EXPECT_EQ(Text(), "TEXT named_metrics.kv_cache_utilization=0.25, named_metrics.max_token_capacity=9600");
}

TEST_F(LoadReportTest, IsOmittedWithoutTheMetrics) {
  EXPECT_EQ(Text(), "none");
  Report("llm", "used", 1);
  Report("llm", "max", 2);
  EXPECT_EQ(Text(), "none");
}

TEST_F(LoadReportTest, IsOmittedWhenTheValuesCannotBe) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double rows[][3] = {{0, 0, 64}, {-1, 10, 64}, {nan, 10, 64}, {1, infinity, 64}, {1, 10, 1e300}};
  for (const auto& row : rows) {
    held_.clear();
    Report("llm", row[0], row[1], row[2]);
    EXPECT_EQ(Text(), "none") << row[0] << " " << row[1] << " " << row[2];
  }
}

}  // namespace
}  // namespace neso
