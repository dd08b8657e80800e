#include "config/json.h"

#include <gtest/gtest.h>

#include "config/parse.h"
#include "config/test_config.h"

namespace neso {
namespace {

using test::ConfigFromText;

std::string JsonOf(const std::string& text) { return ModelConfigToJson(ConfigFromText(text)); }

// What a client gets for a model with `parameters` or the like only: everything else empty.
TEST(ModelConfigToJsonTest, ShowsPrimitivesAndListsEvenWhenUnset) {
  EXPECT_EQ(ModelConfigToJson(inference::ModelConfig()),
            R"({"name":"","platform":"","backend":"","runtime":"","max_batch_size":0,"input":[],"output":[],)"
            R"("batch_input":[],"batch_output":[],"instance_group":[],"default_model_filename":"",)"
            R"("cc_model_filenames":{},"metric_tags":{},"parameters":{},"model_warmup":[]})");
}

// Recorded from Triton 2.51 (without instances: that server had its own).
TEST(ModelConfigToJsonTest, MatchesTheRecordedSequenceModel) {
  const std::string json = JsonOf(R"(
    name: "seq" backend: "null" max_batch_size: 4 version_policy { latest { num_versions: 1 } }
    optimization { input_pinned_memory { enable: true } output_pinned_memory { enable: true } }
    sequence_batching {
      direct { max_queue_delay_microseconds: 5 minimum_slot_utilization: 0.1 } max_sequence_idle_microseconds: 7
      control_input [ { name: "S" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [0.1, 1] } ] },
        { name: "E" control [ { kind: CONTROL_SEQUENCE_END fp32_false_true: [1e20, 1e-7] } ] },
        { name: "R" control [ { kind: CONTROL_SEQUENCE_READY bool_false_true: [false, true] } ] },
        { name: "C" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } ] } ]
      state [ { input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [2, -1] use_same_buffer_for_input_output: true } ]
      iterative_sequence: true }
    instance_group { name: "seq" kind: KIND_CPU count: 1 })");
  EXPECT_EQ(
      json,
      R"({"name":"seq","platform":"","backend":"null","runtime":"","version_policy":{"latest":{"num_versions":1}},"max_batch_size":4,)"
      R"("input":[],"output":[],"batch_input":[],"batch_output":[],"optimization":{"priority":"PRIORITY_DEFAULT",)"
      R"("input_pinned_memory":{"enable":true},"output_pinned_memory":{"enable":true},"gather_kernel_buffer_threshold":0,)"
      R"("eager_batching":false},"sequence_batching":{"direct":{"max_queue_delay_microseconds":5,"minimum_slot_utilization":0.1},)"
      R"("max_sequence_idle_microseconds":7,"control_input":[{"name":"S","control":[{"kind":"CONTROL_SEQUENCE_START",)"
      R"("int32_false_true":[],"fp32_false_true":[0.1,1],"bool_false_true":[],"data_type":"TYPE_INVALID"}]},)"
      R"({"name":"E","control":[{"kind":"CONTROL_SEQUENCE_END","int32_false_true":[],)"
      R"("fp32_false_true":[100000000000000000000.0,1e-7],"bool_false_true":[],"data_type":"TYPE_INVALID"}]},)"
      R"({"name":"R","control":[{"kind":"CONTROL_SEQUENCE_READY","int32_false_true":[],"fp32_false_true":[],)"
      R"("bool_false_true":[false,true],"data_type":"TYPE_INVALID"}]},{"name":"C","control":[{"kind":"CONTROL_SEQUENCE_CORRID",)"
      R"("int32_false_true":[],"fp32_false_true":[],"bool_false_true":[],"data_type":"TYPE_STRING"}]}],)"
      R"("state":[{"input_name":"i","output_name":"o","data_type":"TYPE_FP32","dims":[2,-1],"initial_state":[],)"
      R"("use_same_buffer_for_input_output":true,"use_growable_memory":false}],"iterative_sequence":true},)"
      R"("instance_group":[{"name":"seq","kind":"KIND_CPU","count":1,"gpus":[],"secondary_devices":[],"profile":[],)"
      R"("passive":false,"host_policy":""}],"default_model_filename":"","cc_model_filenames":{},"metric_tags":{},)"
      R"("parameters":{},"model_warmup":[]})");
}

TEST(ModelConfigToJsonTest, ShowsEveryOtherMember) {
  const std::string json = JsonOf(R"(
    runtime: "model.py" version_policy { specific { versions: [1, 9007199254740993] } }
    input [ { name: "a" data_type: TYPE_FP32 format: FORMAT_NCHW dims: [3, -1] reshape { shape: [] } optional: true } ]
    output [ { name: "o" data_type: TYPE_BF16 dims: [2] label_filename: "l" } ]
    batch_input [ { kind: BATCH_ITEM_SHAPE target_name: "t" data_type: TYPE_FP32 source_input: "a" } ]
    batch_output [ { target_name: "o" source_input: "a" } ]
    optimization { graph { level: -1 } cuda { graph_spec { batch_size: 2 input { key: "a" value { dim: [7] } }
        graph_lower_bound { batch_size: 1 input { key: "a" value { dim: [1] } } } } }
      execution_accelerators { gpu_execution_accelerator { name: "tensorrt" parameters { key: "p" value: "q" } } } }
    dynamic_batching { preferred_batch_size: [4] max_queue_delay_microseconds: 9007199254740993 priority_levels: 12
      priority_queue_policy { key: 10 value { max_queue_size: 1 } } priority_queue_policy { key: 9 value { } } }
    instance_group { rate_limiter { resources { name: "R" global: true count: 3 } priority: 2 } gpus: [0, 1]
      secondary_devices { device_id: -5 } profile: "0" }
    cc_model_filenames { key: "8.0" value: "x" } metric_tags { key: "k2" value: "v" } metric_tags { key: "k1" value: "v" }
    parameters { key: "" value { } }
    model_warmup { name: "w" inputs { key: "a" value { data_type: TYPE_FP32 dims: [3] zero_data: false } } }
    model_operations { op_library_filename: "x.so" } model_transaction_policy { } model_repository_agents { }
    response_cache { }
    model_metrics { metric_control { metric_identifier { family: "f" } histogram_options { buckets: [0.1, 1, 2.5] } } })");
  EXPECT_EQ(
      json,
      R"({"name":"","platform":"","backend":"","runtime":"model.py","version_policy":{"specific":{"versions":[1,9007199254740993]}},)"
      R"("max_batch_size":0,"input":[{"name":"a","data_type":"TYPE_FP32","format":"FORMAT_NCHW","dims":[3,-1],)"
      R"("reshape":{"shape":[]},"is_shape_tensor":false,"allow_ragged_batch":false,"optional":true,)"
      R"("is_non_linear_format_io":false}],"output":[{"name":"o","data_type":"TYPE_BF16","dims":[2],"label_filename":"l",)"
      R"("is_shape_tensor":false,"is_non_linear_format_io":false}],"batch_input":[{"kind":"BATCH_ITEM_SHAPE",)"
      R"("target_name":["t"],"data_type":"TYPE_FP32","source_input":["a"]}],"batch_output":[{"target_name":["o"],)"
      R"("kind":"BATCH_SCATTER_WITH_INPUT_SHAPE","source_input":["a"]}],"optimization":{"graph":{"level":-1},)"
      R"("priority":"PRIORITY_DEFAULT","cuda":{"graphs":false,"busy_wait_events":false,"graph_spec":[{"batch_size":2,)"
      R"("input":{"a":{"dim":["7"]}},"graph_lower_bound":{"batch_size":1,"input":{"a":{"dim":["1"]}}}}],)"
      R"("output_copy_stream":false},"execution_accelerators":{"gpu_execution_accelerator":[{"name":"tensorrt",)"
      R"("parameters":{"p":"q"}}],"cpu_execution_accelerator":[]},"gather_kernel_buffer_threshold":0,"eager_batching":false},)"
      R"("dynamic_batching":{"preferred_batch_size":[4],"max_queue_delay_microseconds":9007199254740993,)"
      R"("preserve_ordering":false,"priority_levels":12,"default_priority_level":0,"priority_queue_policy":{)"
      R"("9":{"timeout_action":"REJECT","default_timeout_microseconds":0,"allow_timeout_override":false,"max_queue_size":0},)"
      R"("10":{"timeout_action":"REJECT","default_timeout_microseconds":0,"allow_timeout_override":false,"max_queue_size":1}}},)"
      R"("instance_group":[{"name":"","kind":"KIND_AUTO","count":0,"rate_limiter":{"resources":[{"name":"R","global":true,)"
      R"("count":3}],"priority":2},"gpus":[0,1],"secondary_devices":[{"kind":"KIND_NVDLA","device_id":"-5"}],)"
      R"("profile":["0"],"passive":false,"host_policy":""}],"default_model_filename":"","cc_model_filenames":{"8.0":"x"},)"
      R"("metric_tags":{"k1":"v","k2":"v"},"parameters":{"":{"string_value":""}},"model_warmup":[{"name":"w","batch_size":0,)"
      R"("inputs":{"a":{"data_type":"TYPE_FP32","dims":[3],"zero_data":false}},"count":0}],)"
      R"("model_operations":{"op_library_filename":["x.so"]},"model_transaction_policy":{"decoupled":false},)"
      R"("model_repository_agents":{"agents":[]},"response_cache":{"enable":false},"model_metrics":{"metric_control":[)"
      R"({"metric_identifier":{"family":"f"},"histogram_options":{"buckets":[0.1,1,2.5]}}]}})");
}

TEST(ModelConfigToJsonTest, InitialStateDimsStayStrings) {
  const std::string json =
      JsonOf(R"(sequence_batching { state { initial_state { dims: [2, 1] zero_data: true name: "n" } } })");
  EXPECT_NE(json.find(R"("initial_state":[{"data_type":"TYPE_INVALID","dims":["2","1"],"zero_data":true,"name":"n"}])"),
            std::string::npos)
      << json;
}

TEST(ModelConfigToJsonTest, EnsembleShowsItsSteps) {
  const std::string json = JsonOf(R"(platform: "ensemble" ensemble_scheduling { step { model_name: "m" model_version: -1
      input_map { key: "a" value: "b" } output_map { key: "c" value: "d" } } })");
  EXPECT_NE(json.find(R"("ensemble_scheduling":{"step":[{"model_name":"m","model_version":-1,"input_map":{"a":"b"},)"
                      R"("output_map":{"c":"d"},"model_namespace":""}],"max_inflight_requests":0})"),
            std::string::npos)
      << json;
}

// Left: text form. Right: as Triton 2.51 printed it.
TEST(ModelConfigToJsonTest, FloatsLookAsClientsKnowThem) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", "1"},
      {"0", "0"},
      {"-0.0", "0"},
      {"123456789", "123456792"},
      {"0.3333333333", "0.333333343"},
      {"16777216", "16777216"},
      {"1234567890123", "1234567950000.0"},
      {"1e-5", "0.00001"},
      {"0.0001", "0.0001"},
      {"3.4028235e38", "3.4028234700000004e38"},
      {"1e15", "1000000000000000.0"},
      {"-2.5e-9", "-2.5e-9"},
      {"1e6", "1000000.0"},
      {"100000", "100000"},
      {"1.5e10", "15000000000.0"},
      {"1e-45", "1.40129846e-45"},
      {"inf", "\"Infinity\""},
      {"-inf", "\"-Infinity\""},
      {"nan", "\"NaN\""},
  };
  for (const auto& [text, expected] : cases) {
    const std::string json =
        JsonOf(std::string("sequence_batching { direct { minimum_slot_utilization: ") + text + " } }");
    const std::string member = std::string("\"minimum_slot_utilization\":") + expected + "}";
    EXPECT_NE(json.find(member), std::string::npos) << text << " gave " << json;
  }
}

TEST(ModelConfigToJsonTest, PrintsTheLargestAndSmallestDoubles) {
  for (const char* bound : {"1.7976931348623157e308", "-1.7976931348623157e308", "4.9e-324"}) {
    const std::string json =
        JsonOf(std::string("model_metrics { metric_control { histogram_options { buckets: ") + bound + " } } }");
    EXPECT_TRUE(ParseModelConfigJson(json)) << json;
  }
}

TEST(ModelConfigToJsonTest, StringsAreEscapedAndKeptUtf8) {
  const auto shown = [](const std::string& literal) {
    const std::string json = JsonOf("name: \"" + literal + "\"");
    return json.substr(8, json.find(",\"platform\"") - 8);
  };
  EXPECT_EQ(shown("a/b<c>&'"), R"("a/b<c>&'")");
  EXPECT_EQ(shown(R"(\"\\\n\t\001\000)"), R"("\"\\\n\t\u0001\u0000")");
  EXPECT_EQ(shown("é😀\u2028"), "\"é😀\u2028\"");
  // Bytes that are not text are left out: a lone continuation, a cut sequence, an overlong form, a surrogate, beyond
  // the end.
  EXPECT_EQ(shown(R"(a\377\376b)"), R"("ab")");
  EXPECT_EQ(shown(R"(\303\251\303)"), "\"é\"");
  EXPECT_EQ(shown(R"(x\300\257\355\240\200\364\220\200\200\342\202y)"), R"("xy")");
}

TEST(ModelConfigToJsonTest, UnknownEnumNumbersAreNumbers) {
  EXPECT_NE(JsonOf("input { data_type: 99 }").find(R"("data_type":99)"), std::string::npos);
}

TEST(ModelConfigToJsonTest, ReadsBackTheSame) {
  const inference::ModelConfig config =
      ConfigFromText(R"(name: "m" max_batch_size: 3 version_policy { specific { versions: 5 } }
      input { name: "a" data_type: TYPE_INT64 dims: [-1, 2] } dynamic_batching { priority_queue_policy { key: 2 value { } } }
      instance_group { kind: KIND_GPU secondary_devices { device_id: 1 } } parameters { key: "k" value { string_value: "v" } })");
  Expected<inference::ModelConfig> again = ParseModelConfigJson(ModelConfigToJson(config));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->DebugString(), config.DebugString());
}

TEST(CheckConfigVersionTest, OnlyVersionOneExists) {
  EXPECT_TRUE(CheckConfigVersion(1).ok());
  EXPECT_EQ(CheckConfigVersion(2).message(), "model configuration version 2 not supported, supported versions are: 1");
}

}  // namespace
}  // namespace neso
