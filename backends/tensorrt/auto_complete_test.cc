#include "auto_complete.h"

#include <gtest/gtest.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>

#include "test_engines.h"

namespace neso::tensorrt {
namespace {

constexpr std::array<int32_t, 1> kFirst = {0};
constexpr std::array<int32_t, 2> kBoth = {0, 1};

// The completed configuration, or the error.
std::string Completed(const EngineDescription& engine, const char* json, std::span<const int32_t> profiles = kFirst) {
  rapidjson::Document document;
  document.Parse(json);
  const backend::Status status = AutoComplete(engine, profiles, document);
  if (!status.ok()) return std::string(status.message());
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  document.Accept(writer);
  return text.GetString();
}

TEST(AutoCompleteTest, FillsInWhatIsNotSaid) {
  EXPECT_EQ(Completed(TwoProfiles(), R"({"name":"m"})"),
            R"({"name":"m","max_batch_size":8,"dynamic_batching":{},)"
            R"("input":[{"name":"x","data_type":"TYPE_FP32","dims":[3]}],)"
            R"("output":[{"name":"y","data_type":"TYPE_FP32","dims":[3]}]})");
}

TEST(AutoCompleteTest, TheLargestBatchIsThatOfTheProfilesInUse) {
  EXPECT_EQ(MaxBatchSize(TwoProfiles(), kFirst), 8);
  EXPECT_EQ(MaxBatchSize(TwoProfiles(), kBoth), 32);
  EngineDescription fixed = TwoProfiles();
  fixed.outputs[0].shape = {3};
  EXPECT_EQ(MaxBatchSize(fixed, kBoth), 0);
}

TEST(AutoCompleteTest, KeepsWhatIsSaid) {
  EXPECT_EQ(Completed(TwoProfiles(), R"({"name":"m","max_batch_size":4,"sequence_batching":{},)"
                                     R"("input":[{"name":"x","data_type":"TYPE_INVALID","dims":[3]}]})"),
            R"({"name":"m","input":[{"name":"x","dims":[3],"data_type":"TYPE_FP32"}],"sequence_batching":{},)"
            R"("max_batch_size":4,"output":[{"name":"y","data_type":"TYPE_FP32","dims":[3]}]})");
}

TEST(AutoCompleteTest, DimsSayWhetherTheFirstIsTheBatch) {
  EXPECT_EQ(Completed(TwoProfiles(), R"({"name":"m","input":[{"name":"x","data_type":"TYPE_FP32","dims":[-1,3]}]})"),
            R"({"name":"m","input":[{"name":"x","data_type":"TYPE_FP32","dims":[-1,3]}],"max_batch_size":0,)"
            R"("output":[{"name":"y","data_type":"TYPE_FP32","dims":[-1,3]}]})");
  EngineDescription fixed = TwoProfiles();
  fixed.inputs[0].shape = {4, 3};
  EXPECT_EQ(Completed(fixed, R"({"name":"m","input":[{"name":"x","data_type":"TYPE_FP32","dims":[3]}]})"),
            "autofill failed for model 'm': model tensor shape configuration hints for dynamic batching but the "
            "underlying engine doesn't support batching.");
}

TEST(AutoCompleteTest, RefusesMoreThanTheEngineTakes) {
  EXPECT_EQ(Completed(TwoProfiles(), R"({"name":"m","max_batch_size":9})"),
            "autofill failed for model 'm': configuration specified max-batch 9 but TensorRT engine only supports "
            "max-batch 8");
}

TEST(AutoCompleteTest, MarksShapeTensorsAndFormats) {
  EngineDescription engine;
  engine.inputs.push_back(TensorOf("x", {-1, 4, 2, 2}));
  engine.inputs[0].dims = {{{1, 4, 2, 2}, {1, 4, 2, 2}, {1, 4, 2, 2}}};
  engine.inputs[0].is_linear = false;
  engine.inputs.push_back(TensorOf("s", {3}, TRITONSERVER_TYPE_INT32));
  engine.inputs[1].is_shape_tensor = true;
  EXPECT_EQ(Completed(engine, R"({"name":"m"})"),
            R"({"name":"m","max_batch_size":1,"input":[)"
            R"({"name":"x","data_type":"TYPE_FP32","dims":[4,2,2],"is_non_linear_format_io":true},)"
            R"({"name":"s","data_type":"TYPE_INT32","dims":[2],"is_shape_tensor":true}],"output":[]})");
}

TEST(AutoCompleteTest, LeavesOutWhatSequencesAndBatchesBring) {
  EngineDescription engine = TwoProfiles();
  engine.inputs.push_back(TensorOf("past", {-1, 3}));
  engine.inputs.back().dims = engine.inputs[0].dims;
  engine.outputs.push_back(TensorOf("now", {-1, 3}));
  const std::string completed =
      Completed(engine, R"({"name":"m","sequence_batching":{"state":[{"input_name":"past","output_name":"now"}]}})");
  EXPECT_EQ(
      completed,
      R"({"name":"m","sequence_batching":{"state":[{"input_name":"past","output_name":"now"}]},"max_batch_size":8,)"
      R"("input":[{"name":"x","data_type":"TYPE_FP32","dims":[3]}],)"
      R"("output":[{"name":"y","data_type":"TYPE_FP32","dims":[3]}]})");
}

}  // namespace
}  // namespace neso::tensorrt
