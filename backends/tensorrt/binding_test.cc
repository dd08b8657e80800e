#include "binding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_engines.h"

namespace neso::tensorrt {
namespace {

using ::testing::HasSubstr;

constexpr const char* kX = R"({"name": "x", "data_type": "TYPE_FP32", "dims": [3]})";
constexpr const char* kY = R"({"name": "y", "data_type": "TYPE_FP32", "dims": [3]})";

struct Case {
  std::string inputs = kX;
  std::string outputs = kY;
  std::string more = {};
  int max_batch_size = 8;
};

// "" for success.
std::string ErrorOf(const EngineDescription& engine, const Case& one) {
  rapidjson::Document document;
  document.Parse(R"({"name": "m", "max_batch_size": )" + std::to_string(one.max_batch_size) + R"(, "input": [)" +
                 one.inputs + R"(], "output": [)" + one.outputs + "]" + one.more + "}");
  EXPECT_FALSE(document.HasParseError());
  const auto config = backend::ModelConfig::Parse(document);
  const Result<Binding> bound = Bind(engine, *config, document, "m_0");
  return std::string(bound.status().message());
}

TEST(BindTest, TakesWhatFits) { EXPECT_EQ(ErrorOf(TwoProfiles(), {}), ""); }

TEST(BindTest, NamesTensorsThatTheOtherSideDoesNotHave) {
  EXPECT_EQ(ErrorOf(TwoProfiles(), {.inputs = R"({"name": "z", "data_type": "TYPE_FP32", "dims": [3]})"}),
            "unexpected inference input 'z', allowed inputs are: x");
  EXPECT_EQ(ErrorOf(TwoProfiles(), {.outputs = R"({"name": "z", "data_type": "TYPE_FP32", "dims": [3]})"}),
            "unexpected inference output 'z', allowed outputs are: y");
  EXPECT_EQ(ErrorOf(TwoProfiles(), {.inputs = ""}), "expected configuration for input 'x' for m_0");
  EXPECT_EQ(ErrorOf(TwoProfiles(), {.outputs = ""}), "expected configuration for output 'y' for m_0");
}

TEST(BindTest, NamesDatatypes) {
  EXPECT_EQ(ErrorOf(TwoProfiles(), {.inputs = R"({"name": "x", "data_type": "TYPE_FP16", "dims": [3]})"}),
            "unexpected datatype TYPE_FP32 for inference input 'x', expecting TYPE_FP16 for m_0");
  for (const std::string type :
       {"TYPE_STRING", "TYPE_FP64", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT16"}) {
    EXPECT_EQ(ErrorOf(TwoProfiles(), {.inputs = R"({"name": "x", "data_type": ")" + type + R"(", "dims": [3]})"}),
              "unsupported datatype " + type + " for input 'x' for model 'm'");
  }
}

TEST(BindTest, NamesDims) {
  EXPECT_THAT(
      ErrorOf(TwoProfiles(), {.inputs = R"({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})"}),
      HasSubstr("the model expects 2 dimensions (shape [-1,3]) but the model configuration specifies 2 dimensions"));
  EngineDescription fixed = TwoProfiles();
  fixed.inputs[0].shape = {4, 3};
  EXPECT_THAT(ErrorOf(fixed, {}),
              HasSubstr("the first dimension must be -1; but shape expected by the model is [4,3]"));
  EXPECT_THAT(ErrorOf(TwoProfiles(), {.max_batch_size = 33}), HasSubstr("expected max_batch_size of at most 32"));
}

EngineDescription WithShapeTensor(const char* name = "s") {
  EngineDescription engine = TwoProfiles();
  EngineTensor tensor = TensorOf(name, {3}, TRITONSERVER_TYPE_INT32);
  tensor.is_shape_tensor = true;
  engine.inputs.push_back(tensor);
  return engine;
}

std::string Shapes(const char* dims, bool marked = true) {
  return std::string(kX) + R"(, {"name": "s", "data_type": "TYPE_INT32", "dims": [)" + dims +
         R"(], "is_shape_tensor": )" + (marked ? "true}" : "false}");
}

TEST(BindTest, ShapeTensorsAreMarked) {
  EXPECT_EQ(ErrorOf(WithShapeTensor(), {.inputs = Shapes("2")}), "");
  EXPECT_EQ(ErrorOf(WithShapeTensor(), {.inputs = Shapes("2", false)}),
            "input 's' for model 'm' is a shape tensor but the model configuration doesn't mark it as a shape tensor.");
  EXPECT_EQ(ErrorOf(TwoProfiles(),
                    {.inputs = R"({"name": "x", "data_type": "TYPE_FP32", "dims": [3], "is_shape_tensor": true})"}),
            "input 'x' for model 'm' is incorrectly marked as a shape tensor in the model configuration.");
  EXPECT_THAT(ErrorOf(WithShapeTensor(), {.inputs = Shapes("3")}), HasSubstr("shape tensor 's': expected dims [2]"));
}

TEST(BindTest, FormatsThatAreNotLinearAreMarked) {
  EngineDescription engine = TwoProfiles();
  engine.inputs[0].is_linear = false;
  EXPECT_THAT(ErrorOf(engine, {}), HasSubstr("expected is_non_linear_format_io: true"));
  EXPECT_EQ(ErrorOf(engine, {.inputs = R"({"name": "x", "data_type": "TYPE_FP32", "dims": [3],
                                           "is_non_linear_format_io": true})"}),
            "");
}

TEST(BindTest, RowsThatStandApartAreRefused) {
  EngineDescription engine = TwoProfiles();
  engine.outputs[0].is_linear = false;
  engine.outputs[0].vectorized_dim = 1;
  engine.outputs[0].vector_length = 4;
  const std::string y = R"({"name": "y", "data_type": "TYPE_FP32", "dims": [3], "is_non_linear_format_io": true})";
  EXPECT_THAT(ErrorOf(engine, {.outputs = y}), HasSubstr("cannot be cut into the rows of a batch"));
  engine.outputs[0].vector_length = 3;
  EXPECT_EQ(ErrorOf(engine, {.outputs = y}), "");
}

TEST(BindTest, RequestsOfSequencesCarryMore) {
  EngineDescription engine = TwoProfiles();
  engine.inputs.push_back(TensorOf("start", {-1, 1}));
  engine.inputs.push_back(TensorOf("past", {-1, 3}));
  engine.outputs.push_back(TensorOf("now", {-1, 3}));
  EXPECT_EQ(ErrorOf(engine, {.more = R"(, "sequence_batching": {
      "control_input": [{"name": "start", "control": [{"kind": "CONTROL_SEQUENCE_START", "fp32_false_true": [0, 1]}]}],
      "state": [{"input_name": "past", "output_name": "now", "data_type": "TYPE_FP32", "dims": [3]}]})"}),
            "");
  EXPECT_EQ(ErrorOf(engine, {}), "expected configuration for input 'start' for m_0");
}

TEST(EngineTensorTest, VectorsAreFilledUp) {
  EngineTensor tensor = TensorOf("x", {-1, 3, 2, 2}, TRITONSERVER_TYPE_INT8);
  EXPECT_EQ(tensor.ByteSize({2, 3, 2, 2}), 24u);
  tensor.is_linear = false;
  tensor.vectorized_dim = 1;
  tensor.vector_length = 4;
  EXPECT_EQ(tensor.ByteSize({2, 3, 2, 2}), 32u);
}

}  // namespace
}  // namespace neso::tensorrt
