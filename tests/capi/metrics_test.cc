#include "embedding.h"

namespace embedding {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, ModelsHaveTheirFamiliesFromTheStart) {
  ModelFolder models;
  models.Add("m", "slow", "metric_tags { key: \"team\" value: \"blue\" }");
  EmbeddedServer server(models);
  const std::string labels = R"({_team="blue",model="m",version="1"})";
  const std::string before = server.Metrics();
  EXPECT_THAT(before,
              HasSubstr("# TYPE nv_inference_request_success counter\nnv_inference_request_success" + labels + " 0\n"));
  EXPECT_THAT(before,
              HasSubstr(R"(nv_inference_request_failure{_team="blue",model="m",reason="BACKEND",version="1"} 0)"));
  EXPECT_THAT(before, HasSubstr("nv_inference_pending_request_count" + labels + " 0\n"));
  EXPECT_THAT(before, HasSubstr("nv_pinned_memory_pool_total_bytes 268435456\n"));
  EXPECT_THAT(before, HasSubstr("nv_cpu_memory_total_bytes "));
  EXPECT_THAT(before, Not(HasSubstr("nv_cache")));
  EXPECT_THAT(before, Not(HasSubstr("summary")));

  Call call(server, "m");
  call.SetInput(1);
  ASSERT_EQ(call.Send(), "");
  call.Wait();
  call.WaitForRelease();
  EXPECT_THAT(server.Metrics(), HasSubstr("nv_inference_request_success" + labels + " 1\n"));
  EXPECT_THAT(server.Metrics(), HasSubstr("nv_inference_exec_count" + labels + " 1\n"));
}

class CustomMetricsTest : public ::testing::Test {
 protected:
  CustomMetricsTest() : server_(models_, {.startup_models = {}}) {}
  TRITONSERVER_MetricFamily* NewFamily(TRITONSERVER_MetricKind kind, const char* name) {
    TRITONSERVER_MetricFamily* family = nullptr;
    EXPECT_EQ(Text(TRITONSERVER_MetricFamilyNew(&family, kind, name, "about it")), "");
    return family;
  }
  static TRITONSERVER_Metric* NewMetric(TRITONSERVER_MetricFamily* family, const char* value) {
    TRITONSERVER_Parameter* label = TRITONSERVER_ParameterNew("who", TRITONSERVER_PARAMETER_STRING, value);
    const TRITONSERVER_Parameter* labels[] = {label};
    TRITONSERVER_Metric* metric = nullptr;
    EXPECT_EQ(Text(TRITONSERVER_MetricNew(&metric, family, labels, 1)), "");
    TRITONSERVER_ParameterDelete(label);
    return metric;
  }
  ModelFolder models_;
  EmbeddedServer server_;
};

TEST_F(CustomMetricsTest, EqualLabelsShareOneCounter) {
  TRITONSERVER_MetricFamily* family = NewFamily(TRITONSERVER_METRIC_KIND_COUNTER, "capi_test_counter");
  TRITONSERVER_Metric* a = NewMetric(family, "x");
  TRITONSERVER_Metric* b = NewMetric(family, "x");
  EXPECT_EQ(Text(TRITONSERVER_MetricIncrement(a, 2)), "");
  EXPECT_EQ(Text(TRITONSERVER_MetricIncrement(b, 0.5)), "");
  double value = 0;
  EXPECT_EQ(Text(TRITONSERVER_MetricValue(a, &value)), "");
  EXPECT_EQ(value, 2.5);
  EXPECT_EQ(Text(TRITONSERVER_MetricIncrement(a, -1)),
            "Invalid argument: TRITONSERVER_METRIC_KIND_COUNTER can only be incremented monotonically by non-negative "
            "values.");
  EXPECT_THAT(Text(TRITONSERVER_MetricSet(a, 1)), HasSubstr("Unsupported: "));
  EXPECT_THAT(server_.Metrics(), HasSubstr("# HELP capi_test_counter about it\n# TYPE capi_test_counter counter\n"
                                           "capi_test_counter{who=\"x\"} 2.5\n"));
  EXPECT_EQ(Text(TRITONSERVER_MetricFamilyDelete(family)),
            "Internal: Must call MetricDelete on all dependent metrics before calling MetricFamilyDelete.");
  EXPECT_EQ(Text(TRITONSERVER_MetricDelete(a)), "");
  EXPECT_EQ(Text(TRITONSERVER_MetricDelete(b)), "");
  EXPECT_THAT(server_.Metrics(), Not(HasSubstr("capi_test_counter")));
  EXPECT_EQ(Text(TRITONSERVER_MetricFamilyDelete(family)), "");
}

TEST_F(CustomMetricsTest, HistogramsNeedTheirBuckets) {
  TRITONSERVER_MetricFamily* family = NewFamily(TRITONSERVER_METRIC_KIND_HISTOGRAM, "capi_test_histogram");
  TRITONSERVER_Metric* metric = nullptr;
  EXPECT_EQ(Text(TRITONSERVER_MetricNew(&metric, family, nullptr, 0)),
            "Invalid argument: Bucket boundaries not found in Metric args.");
  TRITONSERVER_MetricArgs* args = nullptr;
  const double bounds[] = {1, 10};
  ASSERT_EQ(Text(TRITONSERVER_MetricArgsNew(&args)), "");
  ASSERT_EQ(Text(TRITONSERVER_MetricArgsSetHistogram(args, bounds, 2)), "");
  ASSERT_EQ(Text(TRITONSERVER_MetricNewWithArgs(&metric, family, nullptr, 0, args)), "");
  ASSERT_EQ(Text(TRITONSERVER_MetricArgsDelete(args)), "");
  EXPECT_EQ(Text(TRITONSERVER_MetricObserve(metric, 5)), "");
  EXPECT_THAT(server_.Metrics(), HasSubstr("capi_test_histogram_bucket{le=\"10\"} 1\n"));
  TRITONSERVER_MetricKind kind;
  EXPECT_EQ(Text(TRITONSERVER_GetMetricKind(metric, &kind)), "");
  EXPECT_EQ(kind, TRITONSERVER_METRIC_KIND_HISTOGRAM);
  EXPECT_EQ(Text(TRITONSERVER_MetricDelete(metric)), "");
  EXPECT_EQ(Text(TRITONSERVER_MetricFamilyDelete(family)), "");
}

TEST_F(CustomMetricsTest, LabelsAreTexts) {
  TRITONSERVER_MetricFamily* family = NewFamily(TRITONSERVER_METRIC_KIND_GAUGE, "capi_test_gauge");
  const int64_t number = 1;
  TRITONSERVER_Parameter* label = TRITONSERVER_ParameterNew("who", TRITONSERVER_PARAMETER_INT, &number);
  const TRITONSERVER_Parameter* labels[] = {label};
  TRITONSERVER_Metric* metric = nullptr;
  EXPECT_THAT(Text(TRITONSERVER_MetricNew(&metric, family, labels, 1)), HasSubstr("Invalid argument: Parameter 'who'"));
  TRITONSERVER_ParameterDelete(label);
  EXPECT_EQ(Text(TRITONSERVER_MetricFamilyDelete(family)), "");
}

}  // namespace
}  // namespace embedding
