#include "engine/server_json.h"

#include <gtest/gtest.h>

#include "engine/check_options.h"

namespace neso {
namespace {

inference::ModelConfig TwoTensors() {
  inference::ModelConfig config;
  config.set_name("m");
  config.set_backend("fake");
  auto* input = config.add_input();
  input->set_name("IN \"1\"");
  input->set_data_type(inference::TYPE_STRING);
  input->add_dims(-1);
  input->add_dims(16);
  auto* output = config.add_output();
  output->set_name("OUT");
  output->set_data_type(inference::TYPE_FP32);
  return config;
}

TEST(ServerJsonTest, ModelMetadataShowsTheBatchDimensionWhereModelsBatch) {
  inference::ModelConfig config = TwoTensors();
  const auto model = [&config] {
    return std::make_shared<Model>(config, 1, std::map<std::string, std::vector<std::string>>());
  };
  EXPECT_EQ(ModelMetadataToJson({model(), {1, 3}}),
            R"({"name":"m","versions":["1","3"],"platform":"fake","inputs":[{"name":"IN \"1\"","datatype":"BYTES",)"
            R"("shape":[-1,16]}],"outputs":[{"name":"OUT","datatype":"FP32","shape":[]}]})");
  config.set_max_batch_size(4);
  config.set_platform("some_platform");
  EXPECT_EQ(ModelMetadataToJson({model(), {}}),
            R"({"name":"m","versions":[],"platform":"some_platform","inputs":[{"name":"IN \"1\"","datatype":"BYTES",)"
            R"("shape":[-1,-1,16]}],"outputs":[{"name":"OUT","datatype":"FP32","shape":[-1]}]})");
}

TEST(ServerJsonTest, TheIndexLeavesOutWhatIsNotKnown) {
  const ModelIndexEntry index[] = {{"a", -1, ModelState::kUnknown, ""},
                                   {"b", 2, ModelState::kReady, ""},
                                   {"c", 1, ModelState::kUnavailable, "Internal: x"},
                                   {"d", -1, ModelState::kUnavailable, "twice"}};
  EXPECT_EQ(ModelIndexToJson(index), R"([{"name":"a"},{"name":"b","version":"2","state":"READY"},)"
                                     R"({"name":"c","version":"1","state":"UNAVAILABLE","reason":"Internal: x"},)"
                                     R"({"name":"d","state":"UNAVAILABLE","reason":"twice"}])");
}

TEST(ServerJsonTest, StatisticsHaveAllMembers) {
  auto model = std::make_shared<Model>(TwoTensors(), 7, std::map<std::string, std::vector<std::string>>());
  model->statistics().SetMemoryUsage(model.get(), {{"CPU", 0, 1024}});
  model->statistics().common().RecordResponse(0, StatisticsShard::ResponseKind::kSuccess, 10, 20, 50);
  const ModelHandle models[] = {model};
  const std::string none = R"({"count":0,"ns":0})";
  EXPECT_EQ(StatisticsToJson(models),
            R"({"model_stats":[{"name":"m","version":"7","last_inference":0,"inference_count":0,"execution_count":0,)"
            R"("inference_stats":{"success":)" +
                none + R"(,"fail":)" + none + R"(,"queue":)" + none + R"(,"compute_input":)" + none +
                R"(,"compute_infer":)" + none + R"(,"compute_output":)" + none + R"(,"cache_hit":)" + none +
                R"(,"cache_miss":)" + none +
                R"(},"response_stats":{"0":{"compute_infer":{"count":1,"ns":10},"compute_output":{"count":1,"ns":30},)"
                R"("success":{"count":1,"ns":40},"fail":)" +
                none + R"(,"empty_response":)" + none + R"(,"cancel":)" + none +
                R"(}},"batch_stats":[],"memory_usage":[{"type":"CPU","id":0,"byte_size":1024}]}]})");
  EXPECT_EQ(StatisticsToJson({}), R"({"model_stats":[]})");
}

TEST(CheckServerOptionsTest, NamesWhatIsMissing) {
  ServerOptions options;
  EXPECT_EQ(CheckServerOptions(options).ToString(), "Invalid argument: --model-repository must be specified");
  options.model_repositories = {"/models"};
  EXPECT_TRUE(CheckServerOptions(options).ok());
  options.cache_config["local"] = "{}";
  EXPECT_TRUE(CheckServerOptions(options).ok());
  options.cache_config["redis"] = "{}";
  EXPECT_EQ(CheckServerOptions(options).ToString(),
            "Invalid argument: found multiple cache configurations, but only a single cache is currently supported");
}

TEST(CheckServerOptionsTest, SummariesShowTheQuantilesThatAreAskedFor) {
  ServerOptions options;
  EXPECT_FALSE(HasSummaries(options));
  EXPECT_EQ(SummaryQuantiles(options), (std::vector<double>{0.5, 0.9, 0.95, 0.99, 0.999}));
  options.metrics_config[""] = {{"summary_latencies", "true"},
                                {"summary_quantiles", "0.25:0.1,0.5,half:0.1,1.5:0.1,0.7:x,:,,0.75:0.01"}};
  EXPECT_TRUE(HasSummaries(options));
  EXPECT_EQ(SummaryQuantiles(options), (std::vector<double>{0.25, 0.75}));
  options.metrics_config[""].emplace_back("summary_latencies", "false");
  EXPECT_FALSE(HasSummaries(options));
}

TEST(CheckServerOptionsTest, BucketsOfHistogramsAscend) {
  ServerOptions options;
  options.model_repositories = {"/models"};
  EXPECT_FALSE(HistogramBounds(options)->has_value());
  options.metrics_config[""] = {{"histogram_latencies", "true"}};
  EXPECT_EQ(HistogramBounds(options)->value().size(), kDefaultDurationBounds.size());
  options.metrics_config[""] = {{"histogram_latencies", "true"}, {"histogram_buckets", "0.5,1,20"}};
  EXPECT_EQ(HistogramBounds(options)->value(), (std::vector<double>{0.5, 1, 20}));
  for (const char* wrong : {"1,1", "2,1", "0", "-1", "x", "1,", ",1", "1 2", "inf", "nan", "1e999"}) {
    options.metrics_config[""] = {{"histogram_latencies", "true"}, {"histogram_buckets", wrong}};
    EXPECT_EQ(CheckServerOptions(options).code(), StatusCode::kInvalidArg) << wrong;
  }
}

}  // namespace
}  // namespace neso
