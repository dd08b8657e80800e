#include "ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::openvino {
namespace {

using ::testing::HasSubstr;

Port PortOf(std::vector<std::string> names, std::vector<int64_t> shape, bool has_batch = false,
            DataType datatype = TRITONSERVER_TYPE_FP32, const char* element_type = "f32") {
  Port port;
  port.names = std::move(names);
  port.datatype = datatype;
  port.element_type = element_type;
  port.shape = std::move(shape);
  port.has_batch = has_batch;
  return port;
}

rapidjson::Document Parse(const char* text) {
  rapidjson::Document document;
  document.Parse(text);
  EXPECT_FALSE(document.HasParseError()) << text;
  return document;
}

std::string TextOf(const rapidjson::Document& document) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  document.Accept(writer);
  return text.GetString();
}

const char* const kConfig = R"({"name": "m", "max_batch_size": 4,
    "input": [{"name": "image", "data_type": "TYPE_FP32", "dims": [8, 8]}],
    "output": [{"name": "scores", "data_type": "TYPE_FP32", "dims": [10]}]})";

class BindTest : public ::testing::Test {
 protected:
  std::string ErrorOf(const Ports& ports, const char* json = kConfig) {
    const rapidjson::Document document = Parse(json);
    const backend::Result<backend::ModelConfig> config = backend::ModelConfig::Parse(document);
    EXPECT_TRUE(config);
    const Result<Binding> binding = Bind(ports, *config);
    return binding ? "" : std::string(binding.status().message());
  }
  std::string ShapeErrorOf(std::vector<int64_t> shape, const char* json = kConfig) {
    const Ports ports{.inputs = {PortOf({"image"}, std::move(shape))}, .outputs = {PortOf({"scores"}, {1, 10})}};
    const rapidjson::Document document = Parse(json);
    const backend::Result<backend::ModelConfig> config = backend::ModelConfig::Parse(document);
    const Result<Binding> binding = Bind(ports, *config);
    EXPECT_TRUE(binding);
    const Status checked = CheckShapes(ports.inputs, binding->inputs, *config);
    return checked.ok() ? "" : std::string(checked.message());
  }
};

TEST_F(BindTest, TakesAnyNameOfATensor) {
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"a", "image"}, {1, 8, 8})}, .outputs = {PortOf({"scores", "z"}, {1, 10})}}),
            "");
}

TEST_F(BindTest, SaysWhichNamesThereAre) {
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"x"}, {1, 8, 8})}, .outputs = {PortOf({"scores"}, {1, 10})}}),
            "unexpected inference input 'image', allowed inputs are: x");
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"image"}, {1, 8, 8})}, .outputs = {PortOf({"y"}, {1}), PortOf({"z"}, {1})}}),
            "unexpected inference output 'scores', allowed outputs are: y, z");
}

TEST_F(BindTest, CountsInputs) {
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"image"}, {1}), PortOf({"more"}, {1})}, .outputs = {PortOf({"scores"}, {1})}}),
            "unable to load model 'm', configuration expects 1 inputs, model provides 2");
}

TEST_F(BindTest, CountsWhatSequencesAdd) {
  const char* const config = R"({"name": "m", "max_batch_size": 1,
      "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": [1]}],
      "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [1]}],
      "sequence_batching": {"control_input": [
          {"name": "start", "control": [{"kind": "CONTROL_SEQUENCE_START", "int32_false_true": [0, 1], "fp32_false_true": []}]},
          {"name": "id", "control": [{"kind": "CONTROL_SEQUENCE_CORRID", "data_type": "TYPE_UINT64"}]}]}})";
  const Ports ports{.inputs = {PortOf({"x"}, {1, 1}), PortOf({"start"}, {1, 1}), PortOf({"id"}, {1, 1})},
                    .outputs = {PortOf({"y"}, {1, 1})}};
  EXPECT_EQ(ErrorOf(ports, config), "");
  const std::vector<backend::TensorConfig> added = SequenceInputs(*backend::ModelConfig::Parse(Parse(config)));
  ASSERT_EQ(added.size(), 2u);
  EXPECT_EQ(added[0].datatype, TRITONSERVER_TYPE_INT32);
  EXPECT_EQ(added[1].datatype, TRITONSERVER_TYPE_UINT64);
}

TEST_F(BindTest, RefusesTypesThatAreNotServed) {
  const Ports ports{.inputs = {PortOf({"image"}, {1, 8, 8})}, .outputs = {PortOf({"scores"}, {1, 10})}};
  for (const char* type : {"TYPE_FP64", "TYPE_BF16", "TYPE_STRING"}) {
    const std::string config = std::string(R"({"name": "m", "input": [{"name": "image", "data_type": ")") + type +
                               R"(", "dims": [8]}], "output": []})";
    EXPECT_EQ(ErrorOf(ports, config.c_str()),
              std::string("unsupported datatype ") + type + " for input 'image' for model 'm'");
  }
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"image"}, {1}, false, TRITONSERVER_TYPE_BYTES, "string")},
                     .outputs = {PortOf({"scores"}, {1})}}),
            "unsupported datatype TYPE_STRING for input 'image' for model 'm'");
}

TEST_F(BindTest, RefusesMoreDimensionsThanOpenVinoTakes) {
  const std::vector<Port> outputs = {PortOf({"scores"}, {1, 10})};
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"image"}, std::vector<int64_t>(32, 1))}, .outputs = outputs}), "");
  EXPECT_EQ(ErrorOf({.inputs = {PortOf({"image"}, std::vector<int64_t>(33, 1))}, .outputs = outputs}),
            "model 'm', tensor 'image': expected at most 32 dimensions, got 33");
}

TEST_F(BindTest, RefusesTwoNamesOfOneTensor) {
  EXPECT_THAT(ErrorOf({.inputs = {PortOf({"image", "other"}, {1}), PortOf({"x"}, {1})}, .outputs = {}},
                      R"({"name": "m", "input": [{"name": "image", "data_type": "TYPE_FP32", "dims": [1]},
                          {"name": "other", "data_type": "TYPE_FP32", "dims": [1]}], "output": []})"),
              HasSubstr("inputs 'image' and 'other' are two names of one tensor of the model"));
}

TEST_F(BindTest, TheFirstDimensionOfABatchIsTheServers) {
  EXPECT_EQ(ShapeErrorOf({-1, 8, 8}), "");
  EXPECT_EQ(ShapeErrorOf({1, 8, 8}), "");
  EXPECT_EQ(ShapeErrorOf({7, 8, -1}), "");
}

TEST_F(BindTest, OtherDimensionsHaveToFit) {
  EXPECT_EQ(
      ShapeErrorOf({1, 8, 9}),
      "model 'm', tensor 'image': the model expects 3 dimensions (shape [-1,8,9]) but the model configuration "
      "specifies 3 dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor "
      "shape, making complete shape [-1,8,8])");
  EXPECT_THAT(ShapeErrorOf({}), HasSubstr("the shape should have at least 1 dimension"));
  EXPECT_EQ(
      ShapeErrorOf({8, 9}, R"({"name": "m", "input": [{"name": "image", "data_type": "TYPE_FP32", "dims": [8]}]})"),
      "model 'm', tensor 'image': the model expects 2 dimensions (shape [8,9]) but the model configuration "
      "specifies 1 dimensions (shape [8])");
}

class AutoCompleteTest : public ::testing::Test {
 protected:
  std::string Completed(const Ports& ports, const char* json, int64_t default_max_batch_size = 4) {
    rapidjson::Document document = Parse(json);
    const Result<bool> changed = AutoComplete(ports, default_max_batch_size, document);
    if (!changed) return std::string(changed.status().message());
    return *changed ? TextOf(document) : "nothing";
  }
};

TEST_F(AutoCompleteTest, BatchesWhereLayoutsSaySo) {
  const Ports ports{.inputs = {PortOf({"image"}, {-1, 8, -1}, true)}, .outputs = {PortOf({"scores"}, {-1, 10}, true)}};
  EXPECT_EQ(Completed(ports, R"({"name": "m"})"),
            R"({"name":"m","max_batch_size":4,"dynamic_batching":{},)"
            R"("input":[{"name":"image","data_type":"TYPE_FP32","dims":[8,-1]}],)"
            R"("output":[{"name":"scores","data_type":"TYPE_FP32","dims":[10]}]})");
  EXPECT_THAT(Completed(ports, R"({"name": "m"})", 0), HasSubstr(R"("max_batch_size":1,"input")"));
  EXPECT_THAT(Completed(ports, R"({"name": "m", "max_batch_size": 2})"),
              HasSubstr(R"("max_batch_size":2,"dynamic_batching":{})"));
}

TEST_F(AutoCompleteTest, DoesNotBatchWhereOneDoesNot) {
  const Ports ports{.inputs = {PortOf({"image"}, {-1, 8}, true)}, .outputs = {PortOf({"scores"}, {-1, 10})}};
  EXPECT_EQ(Completed(ports, R"({"name": "m"})"),
            R"({"name":"m","input":[{"name":"image","data_type":"TYPE_FP32","dims":[-1,8]}],)"
            R"("output":[{"name":"scores","data_type":"TYPE_FP32","dims":[-1,10]}]})");
}

TEST_F(AutoCompleteTest, LeavesListsThatAreThere) {
  const Ports ports{.inputs = {PortOf({"image"}, {-1, 8})}, .outputs = {PortOf({"scores"}, {-1, 10})}};
  EXPECT_EQ(Completed(ports, kConfig), "nothing");
  EXPECT_THAT(
      Completed(ports, R"({"name": "m", "input": [{"name": "image", "data_type": "TYPE_INT8", "dims": [3, 8]}]})"),
      HasSubstr(R"("input":[{"name":"image","data_type":"TYPE_INT8","dims":[3,8]}],"output")"));
}

TEST_F(AutoCompleteTest, SaysWhatHasNoPlaceInAConfiguration) {
  Port any_rank = PortOf({"x"}, {});
  any_rank.has_rank = false;
  EXPECT_EQ(Completed({.inputs = {any_rank}, .outputs = {}}, R"({"name": "m"})"),
            "autofill failed for model 'm': input 'x' takes any number of dimensions; its dims have to be in the "
            "configuration");
  EXPECT_EQ(Completed({.inputs = {PortOf({}, {1})}, .outputs = {}}, R"({"name": "m"})"),
            "autofill failed for model 'm': input 0 has no name in the model");
  EXPECT_EQ(Completed({.inputs = {PortOf({"x"}, {1}, false, TRITONSERVER_TYPE_FP64, "f64")}, .outputs = {}},
                      R"({"name": "m"})"),
            "unsupported datatype TYPE_FP64 for input 'x' for model 'm'");
  EXPECT_EQ(Completed({.inputs = {PortOf({"x"}, {1}, false, TRITONSERVER_TYPE_INVALID, "u4")}, .outputs = {}},
                      R"({"name": "m"})"),
            "unsupported datatype u4 for input 'x' for model 'm'");
}

}  // namespace
}  // namespace neso::openvino
