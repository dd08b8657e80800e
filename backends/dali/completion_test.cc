#include "completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::dali {
namespace {

using backend::ModelConfig;
using testing::HasSubstr;

const PipelineDescription kPipeline{
    .max_batch_size = 8,
    .inputs = {{.name = "A", .datatype = TRITONSERVER_TYPE_UINT8, .rank = 1, .layout = ""},
               {.name = "B", .rank = std::nullopt, .layout = ""}},
    .outputs = {{.name = "__Out_0", .datatype = TRITONSERVER_TYPE_FP32, .rank = 3, .layout = ""},
                {.name = "__Out_1", .rank = std::nullopt, .layout = ""}}};

rapidjson::Document Parsed(const char* json) {
  rapidjson::Document document;
  document.Parse(json);
  EXPECT_FALSE(document.HasParseError()) << json;
  return document;
}

std::string Text(const rapidjson::Value& value) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  value.Accept(writer);
  return text.GetString();
}

constexpr const char* kSaid = R"({"max_batch_size": 4,
    "input": [{"name": "B", "data_type": "TYPE_INT32", "dims": [2]}],
    "output": [{"name": "first"}, {"name": "second", "data_type": "TYPE_INT64", "dims": [1]}]})";

TEST(DaliCompletionTest, FillsInputsByNameAndOutputsByPosition) {
  rapidjson::Document config = Parsed(kSaid);
  const Status completed = Complete(kPipeline, true, {}, config);
  ASSERT_TRUE(completed.ok()) << completed.message();
  EXPECT_EQ(Text(config["input"]), R"([{"name":"B","data_type":"TYPE_INT32","dims":[2],"allow_ragged_batch":true},)"
                                   R"({"name":"A","data_type":"TYPE_UINT8","dims":[-1],"allow_ragged_batch":true}])");
  EXPECT_EQ(Text(config["output"]), R"([{"name":"first","data_type":"TYPE_FP32","dims":[-1,-1,-1]},)"
                                    R"({"name":"second","data_type":"TYPE_INT64","dims":[1]}])");
  EXPECT_EQ(config["max_batch_size"].GetInt(), 4);
  EXPECT_TRUE(config.HasMember("dynamic_batching"));
  EXPECT_TRUE(CheckConfig(kPipeline, true, {}, *ModelConfig::Parse(config)).ok());
}

TEST(DaliCompletionTest, TakesTheLargestBatchFromThePipeline) {
  rapidjson::Document config = Parsed(kSaid);
  config["max_batch_size"] = 0;
  ASSERT_TRUE(Complete(kPipeline, true, {}, config).ok());
  EXPECT_EQ(config["max_batch_size"].GetInt(), 8);
}

TEST(DaliCompletionTest, KeepsAScheduler) {
  rapidjson::Document config = Parsed(kSaid);
  config.AddMember("sequence_batching", rapidjson::Value(rapidjson::kObjectType), config.GetAllocator());
  ASSERT_TRUE(Complete(kPipeline, true, {}, config).ok());
  EXPECT_FALSE(config.HasMember("dynamic_batching"));
}

TEST(DaliCompletionTest, PutsADimensionInFrontWhereTheModelDoesNotBatch) {
  rapidjson::Document config = Parsed(kSaid);
  config["max_batch_size"] = 0;
  ASSERT_TRUE(Complete(kPipeline, false, {}, config).ok());
  EXPECT_EQ(Text(config["input"][1]["dims"]), "[-1,-1]");
  EXPECT_EQ(Text(config["output"][0]["dims"]), "[-1,-1,-1,-1]");
  EXPECT_EQ(config["max_batch_size"].GetInt(), 0);
  EXPECT_FALSE(config.HasMember("dynamic_batching"));
  EXPECT_FALSE(config["input"][1].HasMember("allow_ragged_batch"));
}

TEST(DaliCompletionTest, LeavesTheOuterAxisOfASplitOutputOut) {
  rapidjson::Document config = Parsed(kSaid);
  const Options options{.split_outputs = {"first"}};
  ASSERT_TRUE(Complete(kPipeline, true, options, config).ok());
  EXPECT_EQ(Text(config["output"][0]["dims"]), "[-1,-1]");
  EXPECT_TRUE(CheckConfig(kPipeline, true, options, *ModelConfig::Parse(config)).ok());
}

TEST(DaliCompletionTest, ScalarsAreOneElement) {
  const PipelineDescription scalar{
      .max_batch_size = 8,
      .inputs = {{.name = "A", .datatype = TRITONSERVER_TYPE_FP32, .rank = 0, .layout = ""}},
      .outputs = {}};
  rapidjson::Document config = Parsed("{}");
  ASSERT_TRUE(Complete(scalar, true, {}, config).ok());
  EXPECT_EQ(Text(config["input"]), R"([{"name":"A","data_type":"TYPE_FP32","reshape":{"shape":[]},"dims":[1]}])");
}

TEST(DaliCompletionTest, SaysWhatNobodySays) {
  rapidjson::Document config = Parsed("{}");
  EXPECT_THAT(std::string(Complete(kPipeline, true, {}, config).message()),
              HasSubstr("neither the configuration nor the pipeline says the data_type of input 'B'"));
}

std::string CheckError(const char* json, bool batches = true, const Options& options = {}) {
  const rapidjson::Document config = Parsed(json);
  const Status checked = CheckConfig(kPipeline, batches, options, *ModelConfig::Parse(config));
  EXPECT_EQ(checked.code(), checked.ok() ? TRITONSERVER_ERROR_UNKNOWN : TRITONSERVER_ERROR_INVALID_ARG);
  return std::string(checked.message());
}

#define NESO_INPUTS                                                                           \
  R"("max_batch_size": 4, "input": [{"name": "A", "data_type": "TYPE_UINT8", "dims": [-1]},)" \
  R"({"name": "B", "data_type": "TYPE_INT32", "dims": [2]}])"

TEST(DaliCompletionTest, RefusesConfigurationsOfOtherPipelines) {
  EXPECT_EQ(CheckError("{}"), "Missing max_batch_size field in model configuration.");
  EXPECT_EQ(CheckError("{}", false), "Missing inputs config.");
  EXPECT_EQ(CheckError("{" NESO_INPUTS "}"), "Missing outputs config.");
  EXPECT_EQ(CheckError(R"({"max_batch_size": 4, "input": [{"name": "A", "data_type": "TYPE_UINT8", "dims": [-1]}]})"),
            "Missing config for \"B\" input.");
  EXPECT_EQ(CheckError(R"({"max_batch_size": 4, "input": [{"name": "C"}]})"),
            "Configuration file contains config for C but such input is not present in the pipeline.");
  EXPECT_EQ(CheckError("{" NESO_INPUTS R"(, "output": [{"name": "O"}]})"),
            "The number of outputs specified in the DALI pipeline and the configuration file do not match.\n"
            "Model config outputs: 1\nPipeline outputs: 2");
}

TEST(DaliCompletionTest, RefusesTensorsOfOtherKinds) {
  EXPECT_EQ(CheckError(R"({"max_batch_size": 4, "input": [{"name": "A", "data_type": "TYPE_FP32", "dims": [-1]}]})"),
            "Mismatch of data_type config for \"A\".\nData type defined in config: TYPE_FP32\n"
            "Data type defined in pipeline: TYPE_UINT8");
  EXPECT_THAT(CheckError(R"({"max_batch_size": 4, "input": [{"name": "A", "data_type": "TYPE_STRING", "dims": [1]}]})"),
              HasSubstr("DALI has no such type; encoded data (images, videos) is TYPE_UINT8"));
  EXPECT_THAT(
      CheckError(R"({"max_batch_size": 4, "input": [{"name": "A", "data_type": "TYPE_UINT8", "dims": [1, 2]}]})"),
      HasSubstr("Mismatch of dims config for \"A\"."));
  EXPECT_THAT(CheckError("{" NESO_INPUTS R"(, "output": [{"name": "X", "data_type": "TYPE_FP32", "dims": [1, 2, 3]},
                         {"name": "Y", "data_type": "TYPE_INT8", "dims": [1]}]})",
                         true, {.split_outputs = {"Z"}}),
              HasSubstr("the model has no output 'Z'"));
}

TEST(DaliCompletionTest, ReadsWhetherAModelIsSaidNotToBatch) {
  for (const char* text : {"max_batch_size: 0", "name: \"x\"\n  max_batch_size :\t0 # none\n", "max_batch_size:0"}) {
    EXPECT_TRUE(SaysUnbatched(text)) << text;
  }
  for (const char* text : {"", "# max_batch_size: 0", "max_batch_size: 8", "max_batch_size: 08", "max_batch_size"}) {
    EXPECT_FALSE(SaysUnbatched(text)) << text;
  }
}

}  // namespace
}  // namespace neso::dali
