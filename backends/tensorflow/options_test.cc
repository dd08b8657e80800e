#include "options.h"

#include <gtest/gtest.h>

#include "neso/protobuf_wire.h"

namespace neso::tensorflow {
namespace {

using wire::Field;
using wire::Fields;
using wire::WireType;

rapidjson::Document Json(const char* text) {
  rapidjson::Document document;
  document.Parse(text);
  return document;
}

backend::Result<Options> Read(const char* name, const char* value) {
  backend::Parameters parameters;
  parameters.Add(name, value);
  return ReadOptions(parameters, Json("{}"));
}

// The number in field `number` of a message in memory.
std::optional<uint64_t> NumberIn(std::string_view message, uint64_t number) {
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->number == number && field->type == WireType::kVarint) return field->value;
  }
  return std::nullopt;
}

std::string_view MessageIn(std::string_view message, uint64_t number) {
  Fields fields(message);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->number == number && field->type == WireType::kBytes) return field->bytes;
  }
  return {};
}

TEST(OptionsTest, DefaultsServe) {
  const backend::Result<Options> options = ReadOptions({}, Json("{}"));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->tag, "serve");
  EXPECT_FALSE(options->signature);
  EXPECT_FALSE(options->session_share_count);
  EXPECT_FALSE(options->per_session_threads);
}

TEST(OptionsTest, ValuesThatAreNoneAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"TF_NUM_INTRA_THREADS", "-1"},      {"TF_NUM_INTER_THREADS", "many"}, {"TF_NUM_INTER_THREADS", "100000"},
      {"TF_USE_PER_SESSION_THREADS", "2"}, {"MAX_SESSION_SHARE_COUNT", "0"}, {"MAX_SESSION_SHARE_COUNT", "x"},
  };
  for (const auto& [name, value] : cases) {
    const backend::Result<Options> options = Read(name, value);
    ASSERT_FALSE(options) << name << "=" << value;
    EXPECT_EQ(options.status().code(), TRITONSERVER_ERROR_INVALID_ARG);
  }
  EXPECT_TRUE(Read("TF_USE_PER_SESSION_THREADS", "On"));
}

TEST(OptionsTest, Accelerators) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"cpu_execution_accelerator": [{"name": "openvino"}]})",
       "CPU Execution Accelerator is not supported in TensorFlow backend"},
      {R"({"gpu_execution_accelerator": [{"name": "cuda"}]})", "unknown Execution Accelerator 'cuda' is requested"},
      {R"({"gpu_execution_accelerator": [{"name": "tensorrt"}, {"name": "auto_mixed_precision"}]})",
       "Auto mixed precision can not be set with TFTRT optimization"},
      {R"({"gpu_execution_accelerator": [{"name": "tensorrt", "parameters": {"precision_mode": "INT8"}}]})",
       "precision mode 'INT8' is not supported, expected FP32 or FP16"},
      {R"({"gpu_execution_accelerator": [{"name": "tensorrt", "parameters": {"max_cached_engines": "100"}}]})", ""},
      {R"({"gpu_execution_accelerator": [{"name": "gpu_io"}, {"name": "auto_mixed_precision"}]})", ""},
  };
  for (const auto& [accelerators, error] : cases) {
    const std::string text = std::string(R"({"optimization": {"execution_accelerators": )") + accelerators + "}}";
    EXPECT_EQ(ReadOptions({}, Json(text.c_str())).status().message(), error) << accelerators;
  }
}

TEST(OptionsTest, TheSessionsConfigurationSaysWhatTheModelSays) {
  Options options;
  options.intra_op_threads = 3;
  options.inter_op_threads = 5;
  options.per_session_threads = true;
  options.jit_level = -1;
  const std::string config = SessionConfig({.allow_soft_placement = false, .gpu_memory_fraction = 0.25}, options);
  EXPECT_EQ(NumberIn(config, 2), 3);
  EXPECT_EQ(NumberIn(config, 5), 5);
  EXPECT_EQ(NumberIn(config, 7), 0);
  EXPECT_EQ(NumberIn(config, 9), 1);
  EXPECT_EQ(NumberIn(MessageIn(MessageIn(config, 10), 3), 5), ~uint64_t{0});
  EXPECT_FALSE(NumberIn(MessageIn(config, 6), 4));  // no growth
  EXPECT_EQ(NumberIn(MessageIn(SessionConfig({}, {}), 6), 4), 1);
}

}  // namespace
}  // namespace neso::tensorflow
