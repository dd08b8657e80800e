#include "neso/backend/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::backend {
namespace {

using testing::ElementsAre;

Result<ModelConfig> Parse(const char* text) {
  rapidjson::Document document;
  document.Parse(text);
  EXPECT_FALSE(document.HasParseError());
  return ModelConfig::Parse(document);
}

TEST(ModelConfigTest, ReadsWhatBackendsNeed) {
  const Result<ModelConfig> config = Parse(R"({
      "name": "m", "backend": "b", "max_batch_size": 8, "default_model_filename": "f",
      "input": [{"name": "I", "data_type": "TYPE_FP32", "dims": [-1, 3], "allow_ragged_batch": true, "optional": true,
                 "reshape": {"shape": [3]}}],
      "output": [{"name": "O", "data_type": "TYPE_STRING", "dims": [1]}],
      "batch_input": [{"kind": "BATCH_ITEM_SHAPE", "target_name": ["S"], "data_type": "TYPE_FP32",
                       "source_input": ["I"]}],
      "batch_output": [{"kind": "BATCH_SCATTER_WITH_INPUT_SHAPE", "target_name": ["O"], "source_input": ["I"]}],
      "sequence_batching": {"state": [{"input_name": "SI", "output_name": "SO", "data_type": "TYPE_INT64",
                                       "dims": [1]}],
                            "control_input": [
                                {"name": "START", "control": [{"int32_false_true": [], "fp32_false_true": [0, 1]}]},
                                {"name": "ID", "control": [{"data_type": "TYPE_UINT64"}]}]},
      "instance_group": [{"count": 2}, {}],
      "optimization": {"input_pinned_memory": {"enable": false}, "output_pinned_memory": {"enable": true}},
      "model_transaction_policy": {"decoupled": true},
      "parameters": {"threads": {"string_value": "2"}}})");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->name, "m");
  EXPECT_EQ(config->max_batch_size, 8);
  EXPECT_TRUE(config->batches());
  EXPECT_TRUE(config->decoupled);
  const TensorConfig* input = config->FindInput("I");
  ASSERT_NE(input, nullptr);
  EXPECT_EQ(input->datatype, TRITONSERVER_TYPE_FP32);
  EXPECT_THAT(input->dims, ElementsAre(-1, 3));
  EXPECT_THAT(input->backend_dims(), ElementsAre(3));
  EXPECT_TRUE(input->ragged);
  EXPECT_TRUE(input->optional);
  EXPECT_EQ(config->FindOutput("O")->datatype, TRITONSERVER_TYPE_BYTES);
  EXPECT_EQ(config->FindOutput("I"), nullptr);
  EXPECT_EQ(config->batch_inputs.at(0).kind, BatchInputConfig::Kind::kItemShape);
  EXPECT_EQ(config->batch_outputs.at(0).source, "I");
  EXPECT_EQ(config->states.at(0).output_name, "SO");
  EXPECT_EQ(config->controls.at(0).name, "START");
  EXPECT_EQ(config->controls.at(0).datatype, TRITONSERVER_TYPE_FP32);
  EXPECT_EQ(config->controls.at(1).datatype, TRITONSERVER_TYPE_UINT64);
  EXPECT_EQ(config->FindBatchInput("S"), config->batch_inputs.data());
  EXPECT_EQ(config->FindBatchInput("I"), nullptr);
  EXPECT_EQ(config->instance_count, 3u);
  EXPECT_FALSE(config->pins_inputs);
  EXPECT_EQ(*config->parameters.Or("threads", 0), 2);
}

TEST(ModelConfigTest, EmptyConfigurationIsAModelWithoutBatching) {
  const Result<ModelConfig> config = Parse("{}");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->batches());
  EXPECT_TRUE(config->inputs.empty());
  EXPECT_EQ(config->instance_count, 1u);
}

TEST(ModelConfigTest, RefusesUnknownBatchInputKinds) {
  EXPECT_EQ(Parse(R"({"batch_input": [{"kind": "BATCH_X"}]})").status().message(),
            "batch input kind 'BATCH_X' is not known");
}

}  // namespace
}  // namespace neso::backend
