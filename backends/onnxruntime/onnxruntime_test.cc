// What needs no session: completion, checks, and accelerators that this machine may not have. Whole models are served
// in tests/onnx.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "accelerators.h"
#include "auto_complete.h"
#include "model_description.h"
#include "ort.h"
#include "session_options.h"

namespace neso::onnxruntime {
namespace {

using backend::ModelConfig;
using testing::HasSubstr;
using testing::StartsWith;

rapidjson::Document Json(const std::string& text) {
  rapidjson::Document document;
  document.Parse(text.c_str());
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

ModelConfig Config(const std::string& text) {
  Result<ModelConfig> config = ModelConfig::Parse(Json(text));
  EXPECT_TRUE(static_cast<bool>(config));
  return std::move(*config);
}

TensorDescription Tensor(const char* name, std::vector<int64_t> shape) {
  return {.name = name,
          .datatype = TRITONSERVER_TYPE_FP32,
          .onnx_type = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
          .shape = std::move(shape)};
}

ModelDescription Model(std::vector<int64_t> input, std::vector<int64_t> output) {
  return {.inputs = {Tensor("x", std::move(input))}, .initializers = {}, .outputs = {Tensor("y", std::move(output))}};
}

TEST(AutoCompleteTest, FillsWhatIsMissing) {
  struct {
    const char* given;
    ModelDescription model;
    int64_t default_max_batch_size;
    int64_t max_batch_size;
    bool batches;
    const char* dims;
  } const kRows[] = {
      {R"({"name":"m"})", Model({-1, 3}, {-1, 2}), 4, 4, true, "[3]"},
      {R"({"name":"m"})", Model({-1, 3}, {-1, 2}), 1, 1, false, "[3]"},
      {R"({"name":"m"})", Model({-1, 3}, {-1, 2}), 0, 0, false, "[-1,3]"},
      {R"({"name":"m","max_batch_size":7})", Model({-1, 3}, {-1, 2}), 4, 7, true, "[3]"},
      {R"({"name":"m","max_batch_size":1})", Model({-1, 3}, {-1, 2}), 4, 1, false, "[3]"},
      {R"({"name":"m","sequence_batching":{}})", Model({-1, 3}, {-1, 2}), 4, 4, false, "[3]"},
      {R"({"name":"m"})", Model({2, 3}, {-1, 2}), 4, 0, false, "[2,3]"},
      {R"({"name":"m"})", Model({-1, 3}, {}), 4, 0, false, "[-1,3]"},
      {R"({"name":"m","output":[{"name":"y"}]})", Model({-1}, {-1}), 4, 4, true, "[1]"},
  };
  for (const auto& row : kRows) {
    rapidjson::Document config = Json(row.given);
    Result<bool> changed = AutoComplete(row.model, row.default_max_batch_size, config);
    ASSERT_TRUE(static_cast<bool>(changed)) << row.given;
    EXPECT_TRUE(*changed);
    EXPECT_EQ(backend::IntOr(config, "max_batch_size", 0), row.max_batch_size) << row.given;
    EXPECT_EQ(backend::FindMember(config, "dynamic_batching") != nullptr, row.batches) << row.given;
    EXPECT_EQ(backend::Integers(config["input"][0], "dims"),
              backend::Integers(Json("{\"d\":" + std::string(row.dims) + "}"), "d"));
  }
}

TEST(AutoCompleteTest, LeavesACompleteConfigurationAlone) {
  rapidjson::Document config = Json(R"({"name":"m","max_batch_size":8,"input":[{}],"output":[{}]})");
  Result<bool> changed = AutoComplete(Model({2}, {2}), 4, config);
  ASSERT_TRUE(static_cast<bool>(changed));
  EXPECT_FALSE(*changed);
}

TEST(AutoCompleteTest, RefusesBatchingThatTheModelCannotDo) {
  rapidjson::Document config = Json(R"({"name":"m","max_batch_size":8})");
  Result<bool> changed = AutoComplete(Model({2, 3}, {2, 3}), 4, config);
  ASSERT_FALSE(static_cast<bool>(changed));
  EXPECT_EQ(
      changed.status().message(),
      "autofill failed for model 'm': model does not support batching while non-zero max_batch_size is specified");
}

TEST(CheckConfigTest, InitializersMayBeInputsOfTheConfiguration) {
  ModelDescription model = Model({3}, {3});
  model.initializers.push_back(Tensor("w", {3}));
  const std::string begin = R"({"name":"m","input":[{"name":"x","data_type":"TYPE_FP32","dims":[3]})";
  const std::string end = R"(],"output":[{"name":"y","data_type":"TYPE_FP32","dims":[3]}]})";
  const std::string weight = R"(,{"name":"w","data_type":"TYPE_FP32","dims":[3],"optional":true})";
  EXPECT_TRUE(CheckConfig(model, Config(begin + end), false).ok());
  EXPECT_TRUE(CheckConfig(model, Config(begin + weight + end), false).ok());
}

TEST(CheckConfigTest, SequenceModelsMayHaveMoreInputsThanTheConfigurationLists) {
  ModelDescription model = Model({-1, 3}, {-1, 2});
  model.inputs.push_back(Tensor("START", {-1, 1}));
  const ModelConfig config =
      Config(R"({"name":"m","max_batch_size":4,"input":[{"name":"x","data_type":"TYPE_FP32","dims":[3]}],)"
             R"("output":[{"name":"y","data_type":"TYPE_FP32","dims":[2]}]})");
  EXPECT_TRUE(CheckConfig(model, config, true).ok());
  EXPECT_THAT(CheckConfig(model, config, false).message(),
              HasSubstr("configuration expects 1 inputs, model provides 2"));
}

class AcceleratorsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { Ort::InitApi(OrtGetApiBase()->GetApi(ORT_API_VERSION)); }

  static std::string Error(const std::string& config, TRITONSERVER_InstanceGroupKind kind) {
    const rapidjson::Document document = Json(config);
    Ort::SessionOptions options;
    const Status status = AppendAccelerators(Config(config).parameters, document, kind, 0, options);
    return std::string(status.message());
  }
  static std::string OnGpu(const std::string& accelerator, const std::string& more = "") {
    return Error(R"({"optimization":{"execution_accelerators":{"gpu_execution_accelerator":[)" + accelerator + "]}}" +
                     more + "}",
                 TRITONSERVER_INSTANCEGROUPKIND_GPU);
  }
};

TEST_F(AcceleratorsTest, WithoutAnyTheProcessorSuffices) {
  EXPECT_EQ(Error("{}", TRITONSERVER_INSTANCEGROUPKIND_CPU), "");
}

TEST_F(AcceleratorsTest, UnknownNamesAndParametersAreRefused) {
  EXPECT_EQ(OnGpu(R"({"name":"abacus"})"), "unknown Execution Accelerator 'abacus' is requested");
  EXPECT_EQ(OnGpu(R"({"name":"tensorrt","parameters":{"beads":"10"}})"),
            "unknown parameter 'beads' is provided for TensorRT Execution Accelerator");
  EXPECT_EQ(OnGpu(R"({"name":"tensorrt","parameters":{"precision_mode":"FP4"}})"),
            "unsupported precision mode 'FP4' is requested");
}

TEST_F(AcceleratorsTest, TensorRtTakesItsParameters) {
  // All keys are understood; what is missing is the provider.
  EXPECT_THAT(
      OnGpu(R"({"name":"tensorrt","parameters":{"precision_mode":"FP16","max_workspace_size_bytes":"1000",
                       "int8_calibration_table_name":"t","int8_use_native_calibration_table":"1",
                       "trt_engine_cache_enable":"1"}})"),
      StartsWith("execution accelerator 'tensorrt' needs TensorrtExecutionProvider, which this ONNX Runtime library"));
}

TEST_F(AcceleratorsTest, AnInstanceOnAGpuNeedsTheCudaProvider) {
  EXPECT_THAT(
      OnGpu(R"({"name":"cuda","parameters":{"use_ep_level_unified_stream":"1"}})"),
      StartsWith("a KIND_GPU instance needs CUDAExecutionProvider, which this ONNX Runtime library does not have"));
}

}  // namespace
}  // namespace neso::onnxruntime
