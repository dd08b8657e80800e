#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::tensorrt {
namespace {

using ::testing::ElementsAre;

backend::Result<Options> Read(const char* json) {
  rapidjson::Document document;
  document.Parse(json);
  NESO_ASSIGN_OR_RETURN(backend::ModelConfig config, backend::ModelConfig::Parse(document));
  config.name = "m";
  return ReadOptions(config, document);
}

std::vector<int64_t> GraphSizes(const char* json) {
  const backend::Result<Options> options = Read(json);
  std::vector<int64_t> sizes;
  for (const GraphSpec& graph : options->graphs) sizes.push_back(graph.batch_size);
  return sizes;
}

TEST(OptionsTest, AreTritonsDefaults) {
  const backend::Result<Options> options = Read("{}");
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(options->allocates_on_profile_change);
  EXPECT_EQ(options->priority, Priority::kDefault);
  EXPECT_FALSE(options->uses_graphs);
}

TEST(OptionsTest, ReadsWhatIsSaid) {
  const backend::Result<Options> options = Read(R"({
    "parameters": {"execution_context_allocation_strategy": {"string_value": "ON_PROFILE_CHANGE"},
                   "enable_multi_device": {"string_value": "false"}},
    "cc_model_filenames": {"9.0": "nine.plan"},
    "optimization": {"priority": "PRIORITY_MAX"}})");
  ASSERT_TRUE(options.ok());
  EXPECT_TRUE(options->allocates_on_profile_change);
  EXPECT_EQ(options->priority, Priority::kMax);
  EXPECT_EQ(options->files_by_capability.at("9.0"), "nine.plan");
}

TEST(OptionsTest, NamesAStrategyThatIsNone) {
  EXPECT_EQ(
      Read(R"({"parameters": {"execution_context_allocation_strategy": {"string_value": "NEVER"}}})")
          .status()
          .message(),
      "Invalid value for 'execution_context_allocation_strategy': 'NEVER' for model instance 'm'. Supported values "
      "are 'STATIC' and 'ON_PROFILE_CHANGE'.");
}

TEST(OptionsTest, RefusesEnginesOnSeveralGpus) {
  for (const char* yes : {"true", "1"}) {
    const std::string json =
        R"({"parameters": {"enable_multi_device": {"string_value": ")" + std::string(yes) + R"("}}})";
    EXPECT_EQ(Read(json.c_str()).status().code(), TRITONSERVER_ERROR_UNSUPPORTED);
  }
}

TEST(OptionsTest, GraphsAreOfTheBatchesThatAreLikely) {
  EXPECT_THAT(GraphSizes(R"({"max_batch_size": 8})"), ElementsAre());
  EXPECT_THAT(GraphSizes(R"({"max_batch_size": 0, "optimization": {"cuda": {"graphs": true}}})"), ElementsAre(0));
  EXPECT_THAT(GraphSizes(R"({"max_batch_size": 32, "optimization": {"cuda": {"graphs": true}}})"),
              ElementsAre(1, 2, 3, 4, 6, 8, 12, 16, 32));
  EXPECT_THAT(GraphSizes(R"({"max_batch_size": 3, "optimization": {"cuda": {"graphs": true}}})"), ElementsAre(1, 2, 3));
  EXPECT_THAT(GraphSizes(R"({"max_batch_size": 8, "dynamic_batching": {"preferred_batch_size": [4, 6]},
                             "optimization": {"cuda": {"graphs": true}}})"),
              ElementsAre(1, 4, 6, 8));
  EXPECT_THAT(GraphSizes(R"({"max_batch_size": 8, "sequence_batching": {"oldest": {"preferred_batch_size": [2]}},
                             "optimization": {"cuda": {"graphs": true}}})"),
              ElementsAre(1, 2, 8));
}

TEST(OptionsTest, GraphsAreThoseThatAreListed) {
  const backend::Result<Options> options = Read(R"({"max_batch_size": 8, "optimization": {"cuda": {"graphs": true,
    "graph_spec": [{"batch_size": 2, "input": {"x": {"dim": ["3", 4]}}}]}}})");
  ASSERT_TRUE(options.ok());
  ASSERT_EQ(options->graphs.size(), 1u);
  EXPECT_EQ(options->graphs[0].batch_size, 2);
  EXPECT_THAT(options->graphs[0].dims.at("x"), ElementsAre(3, 4));
}

TEST(OptionsTest, NamesAGraphForABatchThatNeverComes) {
  for (const char* size : {"0", "9", "-1"}) {
    const std::string json =
        R"({"max_batch_size": 8, "optimization": {"cuda": {"graphs": true, "graph_spec": [{"batch_size": )" +
        std::string(size) + "}]}}}";
    EXPECT_THAT(std::string(Read(json.c_str()).status().message()),
                ::testing::StartsWith("graph spec expects 'batch_size' to be >= 1 and <= 8"))
        << size;
  }
}

TEST(FirstGroupTest, IsReadFromTheConfiguration) {
  rapidjson::Document document;
  document.Parse(
      R"({"instance_group": [{"kind": "KIND_GPU", "gpus": [1, 0], "profile": ["2"]}, {"kind": "KIND_CPU"}]})");
  const FirstGroup group = ReadFirstGroup(document);
  EXPECT_FALSE(group.is_elsewhere);
  EXPECT_EQ(group.gpu, 1);
  EXPECT_THAT(group.profiles, ElementsAre("2"));
  document.Parse(R"({"instance_group": [{"kind": "KIND_CPU"}]})");
  EXPECT_TRUE(ReadFirstGroup(document).is_elsewhere);
  document.Parse("{}");
  EXPECT_FALSE(ReadFirstGroup(document).is_elsewhere);
}

}  // namespace
}  // namespace neso::tensorrt
