#include "config/validate.h"

#include <gtest/gtest.h>

#include "config/test_config.h"

namespace neso {
namespace {

using test::ConfigFromText;
using test::ModelFromText;

constexpr char kBackend[] = "backend: 'b' ";

// The rest of a configuration, and the message it gives; "" if it is fine.
struct Case {
  std::string config;
  std::string error;
};

void ExpectAtPoll(std::span<const Case> cases) {
  for (const Case& c : cases) {
    const Status status = ValidateAtPoll(ModelFromText(c.config), "m", /*auto_complete_enabled=*/true);
    EXPECT_EQ(status.message(), c.error) << c.config;
    if (!status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kInvalidArg) << c.config;
    }
  }
}

// Findings of inputs and outputs come when a version is loaded, or at once with auto-complete disabled.
void ExpectOfTensors(std::span<const Case> cases) {
  for (const Case& c : cases) {
    inference::ModelConfig config = ModelFromText(kBackend + c.config);
    NormalizeInstanceGroups({}, {}, config);
    EXPECT_TRUE(ValidateAtPoll(config, "m", /*auto_complete_enabled=*/true).ok()) << c.config;
    EXPECT_EQ(ValidateAtPoll(config, "m", /*auto_complete_enabled=*/false).message(), c.error) << c.config;
    EXPECT_EQ(ValidateAtLoad(config, {}).message(), c.error) << c.config;
  }
}

TEST(ValidateAtPollTest, ChecksNameAndPlatform) {
  EXPECT_EQ(ValidateAtPoll(ModelFromText("backend: 'b' name: 'other'"), "m", true).message(),
            "unexpected directory name 'm' for model 'other', directory name must equal model name");
  const Case cases[] = {
      {"backend: 'b'", ""},
      {"backend: 'b' platform: 'anything'", ""},
      {"backend: 'openvino' platform: 'anything'", ""},
      {"platform: 'abc'", "unexpected platform type 'abc' for m"},
      {"default_model_filename: 'abc.onnx'", "unexpected platform type '' for m"},
      {"backend: 'onnxruntime' platform: 'tensorrt_plan'",
       "unexpected 'platform' and 'backend' pair, got:tensorrt_plan, onnxruntime"},
      {"backend: 'tensorrt' platform: 'onnxruntime_onnx'",
       "unexpected 'platform' and 'backend' pair, got:onnxruntime_onnx, tensorrt"},
      {"backend: 'pytorch' platform: 'libtorch'", "unexpected 'platform' and 'backend' pair, got:libtorch, pytorch"},
      {"platform: 'libtorch'", "unexpected 'platform' and 'backend' pair, got:libtorch, pytorch"},
      {"backend: 'pytorch' platform: 'torch_aoti'", ""},
      {"backend: 'tensorflow'", "unexpected 'platform' and 'backend' pair, got:, tensorflow"},
      {"backend: 'tensorflow' platform: 'tensorflow_graphdef'", ""},
      {"platform: 'ensemble' backend: 'b' ensemble_scheduling { }",
       "Ensemble model 'm' must have platform type 'ensemble' and empty backend type"},
      {"platform: 'ensemble'", "ensemble scheduling must be set for ensemble m whose platform is ensemble"},
      {"platform: 'ensemble' dynamic_batching { }",
       "ensemble scheduling must be set for ensemble m whose platform is ensemble"},
      {"backend: 'b' ensemble_scheduling { }",
       "ensemble scheduling cannot be set for model 'm' whose platform is not ensemble"},
      {"platform: 'ensemble' ensemble_scheduling { }", "must specify 'step' for ensemble 'm'"},
      {"backend: 'b' max_batch_size: -1", "'max_batch_size' must be non-negative value for m"},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateAtPollTest, ChecksDynamicBatching) {
  const std::string b = "backend: 'b' max_batch_size: 4 ";
  const std::string positive = "dynamic batching preferred size must be positive for m";
  const std::string too_large = "dynamic batching preferred size must be <= max batch size for m";
  const std::string default_level = "default priority level must be in range [1, 3] for m";
  const std::string key_range = "priority queue policy must have priority level in range [1, 3] for m";
  const std::string delay = "Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for m";
  const Case cases[] = {
      {b + "dynamic_batching { preferred_batch_size: [1, 4] }", ""},
      {b + "dynamic_batching { preferred_batch_size: 0 }", positive},
      {b + "dynamic_batching { preferred_batch_size: -2 }", positive},
      {b + "dynamic_batching { preferred_batch_size: [4, 5] }", too_large},
      {"backend: 'b' dynamic_batching { }", ""},
      {"backend: 'b' dynamic_batching { preferred_batch_size: 1 }", too_large},
      {b + "dynamic_batching { priority_levels: 3 default_priority_level: 3 }", ""},
      {b + "dynamic_batching { priority_levels: 3 }", default_level},
      {b + "dynamic_batching { priority_levels: 3 default_priority_level: 4 }", default_level},
      {b + "dynamic_batching { priority_levels: 3 default_priority_level: 2 priority_queue_policy { key: 0 value { } } "
           "}",
       key_range},
      {b + "dynamic_batching { priority_levels: 3 default_priority_level: 2 priority_queue_policy { key: 5 value { } } "
           "}",
       key_range},
      {b + "dynamic_batching { default_priority_level: 2 priority_queue_policy { key: 5 value { } } }", ""},
      {b + "dynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 2 }",
       "Only one priority level is allowed when 'preserve_ordering' is true for m"},
      {b + "dynamic_batching { preserve_ordering: true priority_levels: 1 default_priority_level: 1 }", ""},
      {b + "dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY "
           "default_timeout_microseconds: 3 } }",
       delay},
      {b + "dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } }", ""},
      {b + "dynamic_batching { preserve_ordering: true priority_levels: 1 default_priority_level: 1 "
           "priority_queue_policy { key: 1 value { timeout_action: DELAY default_timeout_microseconds: 3 } } }",
       delay},
      {b + "dynamic_batching { default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 3 } }", ""},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateAtPollTest, ChecksTheBatchKey) {
  const auto keyed = [](const std::string& scheduling, const std::string& value) {
    return "backend: 'b' max_batch_size: 4 " + scheduling + " parameters { key: 'BATCH_KEY_PARAMETER' value { " +
           value + " } }";
  };
  const std::string named = "string_value: 'tenant'";
  const Case cases[] = {
      {keyed("dynamic_batching { }", named), ""},
      {keyed("sequence_batching { oldest { } }", named), ""},
      {keyed("", named), ""},
      {keyed("sequence_batching { }", named),
       "parameter 'BATCH_KEY_PARAMETER' is not supported with the direct strategy of sequence batching for m"},
      {keyed("dynamic_batching { }", ""),
       "expected parameter 'BATCH_KEY_PARAMETER' to name a parameter of requests, got '' for m"},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateAtPollTest, ChecksWhatBatchersDoBesideTriton) {
  const auto with = [](const std::string& scheduling, const std::string& parameter, const std::string& value) {
    return "backend: 'b' max_batch_size: 4 " + scheduling + " parameters { key: '" + parameter +
           "' value { string_value: '" + value + "' } }";
  };
  const std::string dynamic = "dynamic_batching { }", share = "FAIR_SHARE_PARAMETER";
  const std::string target = "LATENCY_TARGET_MICROSECONDS";
  const std::string number =
      "expected parameter 'LATENCY_TARGET_MICROSECONDS' to be a number of microseconds, at least 1, ";
  const Case cases[] = {
      {with(dynamic, share, "tenant"), ""},
      {with(dynamic, share, ""),
       "expected parameter 'FAIR_SHARE_PARAMETER' to name a parameter of requests, got '' for m"},
      {with("", share, "tenant"), "parameter 'FAIR_SHARE_PARAMETER' needs dynamic batching for m"},
      {with(dynamic, target, "5000"), ""},
      {with(dynamic, target, "99999999999999999999"), number + "got '99999999999999999999' for m"},
      {with(dynamic, target, "5ms"), number + "got '5ms' for m"},
      {with(dynamic, target, "0"), number + "got '0' for m"},
      {with(dynamic, target, ""), number + "got '' for m"},
      {with("", target, "5000"), "parameter 'LATENCY_TARGET_MICROSECONDS' needs dynamic batching and batches for m"},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateAtPollTest, ChecksSequenceBatching) {
  const std::string b = "backend: 'b' max_batch_size: 4 ";
  const std::string slots = "sequence batching minimum slot utilization must be in range (0.0, 1.0] for m";
  const Case cases[] = {
      {b + "sequence_batching { }", ""},
      {b + "sequence_batching { direct { minimum_slot_utilization: 1 } }", ""},
      {b + "sequence_batching { direct { minimum_slot_utilization: 1.5 } }", slots},
      {b + "sequence_batching { direct { minimum_slot_utilization: -0.5 } }", slots},
      {b + "sequence_batching { direct { minimum_slot_utilization: nan } }", slots},
      {b + "sequence_batching { oldest { preferred_batch_size: 0 } }",
       "sequence batching preferred batch size must be positive for m"},
      {b + "sequence_batching { oldest { preferred_batch_size: [4, 5] } }",
       "sequence batching preferred batch size must be <= max batch size for m"},
      {b + "sequence_batching { oldest { max_candidate_sequences: -2 } }", ""},
      {b + "sequence_batching { } response_cache { enable: true }",
       "Response Cache does not currently support model m with sequence batching scheduler. Please disable the "
       "response cache."},
      {b + "model_transaction_policy { decoupled: true } response_cache { enable: true }",
       "Response Cache does not currently support model m with 'decoupled' transaction policy. Please disable the "
       "response cache."},
      {b + "sequence_batching { } response_cache { }", ""},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateAtPollTest, ChecksSequenceControls) {
  const auto controls = [](const std::string& inputs) { return "backend: 'b' sequence_batching { " + inputs + " }"; };
  const auto control = [&](const std::string& one) {
    return controls("control_input { name: 'S' control { " + one + " } }");
  };
  const std::string start = "control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] }";
  const std::string end = "control { kind: CONTROL_SEQUENCE_END int32_false_true: [0, 1] }";
  const std::string id_type =
      "unexpected data type for control CONTROL_SEQUENCE_CORRID for m. Allowed data types are TYPE_UINT64, TYPE_INT64, "
      "TYPE_UINT32, TYPE_INT32 and TYPE_STRING";
  const Case cases[] = {
      {controls("control_input { name: 'S' " + start + end + " }"), ""},
      {controls("control_input { name: 'S' }"), ""},
      {controls("control_input { " + start + " }"), "sequence batching control tensor must have a name for m"},
      {controls("control_input { name: 'S' " + start + " } control_input { name: 'S' " + end + " }"),
       "sequence batching control tensor 'S' is specified for multiple control kinds for m"},
      {controls("control_input { name: 'S' " + start + " } control_input { name: 'T' " + start + " }"),
       "sequence batching specifies multiple CONTROL_SEQUENCE_START tensors for m"},
      {controls("control_input { name: 'S' " + start + start + " }"),
       "sequence batching specifies multiple CONTROL_SEQUENCE_START tensors for m"},
      {control("kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] fp32_false_true: [0, 1]"),
       "sequence batching specifies more than one from 'int32_false_true', 'fp32_false_true' and 'bool_false_true' for "
       "CONTROL_SEQUENCE_START for m"},
      {control("kind: CONTROL_SEQUENCE_START"),
       "sequence batching must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for "
       "CONTROL_SEQUENCE_START for m"},
      {control("kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1, 2]"),
       "sequence batching control 'int32_false_true' must have exactly 2 entries for CONTROL_SEQUENCE_START for m"},
      {control("kind: CONTROL_SEQUENCE_END fp32_false_true: 0"),
       "sequence batching control 'fp32_false_true' must have exactly 2 entries for CONTROL_SEQUENCE_END for m"},
      {control("kind: CONTROL_SEQUENCE_READY bool_false_true: false"),
       "sequence batching control 'bool_false_true' must have exactly 2 entries for CONTROL_SEQUENCE_READY for m"},
      {control("kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] data_type: TYPE_FP32"), ""},
      {control("kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING"), ""},
      {control("kind: CONTROL_SEQUENCE_CORRID"), id_type},
      {control("kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32"), id_type},
      {control("kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 int32_false_true: [0, 1]"),
       "sequence batching must not specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for "
       "CONTROL_SEQUENCE_CORRID for m"},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateAtPollTest, ChecksModelMetrics) {
  const std::string b = "backend: 'b' model_metrics { metric_control { ";
  const Case cases[] = {
      {b + "metric_identifier { family: 'f' } histogram_options { buckets: [1, 2] } } }", ""},
      {b + "} }", "model metrics must specify 'family' in 'metric_identifier' for m"},
      {b + "metric_identifier { family: 'f' } } }",
       "model metrics must specify 'histogram_options' of family 'f' for m"},
      {b + "metric_identifier { family: 'f' } histogram_options { } } }",
       "model metrics must specify 'buckets' in 'histogram_options' of family 'f' for m"},
  };
  ExpectAtPoll(cases);
}

TEST(ValidateTensorsTest, ChecksNamesTypesAndDims) {
  const std::string dims = " 'a' dimension must be integer >= 1, or -1 to indicate a variable-size dimension for m";
  const Case cases[] = {
      {"input { name: 'a' data_type: TYPE_FP32 dims: [-1, 3] } output { name: 'a' data_type: TYPE_STRING dims: 1 }",
       ""},
      {"input { name: 'a' data_type: TYPE_FP32 dims: 1 } input { name: 'a' data_type: TYPE_FP32 dims: 1 }", ""},
      {"input { data_type: TYPE_FP32 dims: 1 }", "model input must specify 'name' for m"},
      {"input { name: 'a' dims: 1 }", "model input 'a' must specify 'data_type' for m"},
      {"input { name: 'a' data_type: 99 dims: 1 }", "model input 'a' must specify 'data_type' for m"},
      {"input { name: 'a' data_type: TYPE_FP32 }", "model input 'a' must specify 'dims' for m"},
      {"input { name: 'a' data_type: TYPE_FP32 dims: 0 }", "model input" + dims},
      {"input { name: 'a' data_type: TYPE_FP32 dims: [1, -2] }", "model input" + dims},
      {"output { data_type: TYPE_FP32 dims: 1 }", "model output must specify 'name' for m"},
      {"output { name: 'a' dims: 1 }", "model output 'a' must specify 'data_type' for m"},
      {"output { name: 'a' data_type: TYPE_FP32 }", "model output 'a' must specify 'dims' for m"},
      {"output { name: 'a' data_type: TYPE_FP32 dims: -2 }", "model output" + dims},
  };
  ExpectOfTensors(cases);
}

TEST(ValidateTensorsTest, ChecksReshapes) {
  const auto input = [](const std::string& dims, const std::string& shape) {
    return "input { name: 'a' data_type: TYPE_FP32 dims: [" + dims + "] reshape { shape: [" + shape + "] } } ";
  };
  const std::string size = "model input 'a' has different size for dims and reshape for m";
  const Case cases[] = {
      {input("4", "2, 2"), ""},
      {input("2, 2, -1, 4", "4, -1, 2, 2"), ""},
      {input("4", "2, 3"), size},
      {input("2, -1, 4", "-1, 4"), size},
      {input("-1, 4", "4"), size},
      {input("4", "-1"), size},
      {input("-1, -1", "-1"),
       "model input 'a' has different number of variable-size dimensions for dims and reshape for m"},
      {input("4", "2, -2"),
       "model input 'a' reshape dimensions must be integer >= 1, or -1 to indicate a variable-size dimension for m"},
      {input("1", ""),
       "model input 'a' cannot have empty reshape for non-batching model as scalar tensors are not supported for m"},
      {"max_batch_size: 2 " + input("1", ""), ""},
      {"max_batch_size: 2 " + input("2", ""), size},
      {input("9223372036854775807, 9223372036854775807", "1"), size},
      {"output { name: 'o' data_type: TYPE_FP32 dims: 4 reshape { shape: [2, 3] } }",
       "model output 'o' has different size for dims and reshape for m"},
      {"output { name: 'o' data_type: TYPE_FP32 dims: 4 reshape { shape: 0 } }",
       "model output 'o' reshape dimensions must be integer >= 1, or -1 to indicate a variable-size dimension for m"},
  };
  ExpectOfTensors(cases);
}

TEST(ValidateTensorsTest, ChecksFormatsAndTensorRtOnlyMembers) {
  const std::string shape_tensor = "shape tensors are only supported for TensorRT platform for m";
  const std::string non_linear = "Non-linear IO format is only supported for the TensorRT platform for m";
  const std::string rt = "platform: 'tensorrt_plan' ";
  const Case cases[] = {
      {"input { name: 'a' data_type: TYPE_FP32 format: FORMAT_NHWC dims: [1, 2, 3] }", ""},
      {"input { name: 'a' data_type: TYPE_FP32 format: FORMAT_NHWC dims: [1, 2] }",
       "model input NHWC/NCHW require 3 dims for m"},
      {"input { name: 'a' data_type: TYPE_FP32 format: FORMAT_NCHW dims: 6 reshape { shape: [1, 2, 3] } }",
       "model input NHWC/NCHW require 3 dims for m"},
      {"input { name: 'a' data_type: TYPE_INT32 dims: 1 is_shape_tensor: true }", shape_tensor},
      {"output { name: 'a' data_type: TYPE_INT32 dims: 1 is_shape_tensor: true }", shape_tensor},
      {rt + "input { name: 'a' data_type: TYPE_FP32 dims: 1 is_shape_tensor: true }", ""},
      {"input { name: 'a' data_type: TYPE_INT32 dims: [1, 2, 3] is_non_linear_format_io: true }", non_linear},
      {"output { name: 'a' data_type: TYPE_INT32 dims: [1, 2, 3] is_non_linear_format_io: true }", non_linear},
      {rt + "input { name: 'a' data_type: TYPE_INT32 dims: 1 is_non_linear_format_io: true }",
       "Non-linear IO format input requires 3 dims for m"},
      {rt + "output { name: 'a' data_type: TYPE_INT32 dims: 1 is_non_linear_format_io: true }",
       "Non-linear IO format output requires 3 dims for m"},
      {rt + "output { name: 'a' data_type: TYPE_INT32 dims: [1, 2, 3] is_non_linear_format_io: true }", ""},
  };
  ExpectOfTensors(cases);
}

TEST(ValidateTensorsTest, ChecksBatchInputsAndOutputs) {
  const std::string io =
      "input { name: 'a' data_type: TYPE_FP32 dims: 1 } output { name: 't' data_type: TYPE_FP32 dims: 1 } ";
  const auto batch_input = [&](const std::string& members) { return io + "batch_input { " + members + " }"; };
  const auto batch_output = [&](const std::string& members) { return io + "batch_output { " + members + " }"; };
  const Case cases[] = {
      {batch_input("kind: BATCH_ITEM_SHAPE data_type: TYPE_INT32 source_input: 'a'"), ""},
      {batch_input("data_type: TYPE_FP32"),
       "batch input kind 'BATCH_ELEMENT_COUNT' expects 1 source input, got 0 for m"},
      {batch_input("kind: BATCH_ACCUMULATED_ELEMENT_COUNT data_type: TYPE_FP32 source_input: ['a', 'a']"),
       "batch input kind 'BATCH_ACCUMULATED_ELEMENT_COUNT' expects 1 source input, got 2 for m"},
      {batch_input("data_type: TYPE_INT64 source_input: 'a'"),
       "batch input data type must be TYPE_INT32 or TYPE_FP32 for m"},
      {batch_input("data_type: TYPE_INT32 source_input: 'z'"), "unknown source input name 'z' for m"},
      {batch_input("kind: 17 data_type: TYPE_INT32 source_input: 'a'"), "unknown batch input kind '' for m"},
      {batch_output("target_name: 't' source_input: 'a'"), ""},
      {batch_output("target_name: 't'"),
       "batch output kind 'BATCH_SCATTER_WITH_INPUT_SHAPE' expects 1 source input, got 0 for m"},
      {batch_output("target_name: ['t', 't'] source_input: 'a'"),
       "target output name 't' can only be specified once for m"},
      {batch_output("target_name: 'u' source_input: 'a'"), "unknown target output name 'u' for m"},
      {batch_output("target_name: 't' source_input: 'z'"), "unknown source input name 'z' for m"},
      {batch_output("kind: 5 target_name: 't' source_input: 'a'"), "unknown batch output kind '' for m"},
  };
  ExpectOfTensors(cases);
}

struct InstanceCase {
  std::string config;
  std::vector<int> gpus;
  std::string error;
};

TEST(ValidateInstanceGroupsTest, ChecksKindsGpusAndProfiles) {
  const std::string b = "backend: 'b' ";
  const std::string rt = "backend: 'tensorrt' ";
  const std::string some_gpus = " but specifies one or more GPUs";
  const InstanceCase cases[] = {
      {b, {}, ""},
      {b, {0}, ""},
      {b + "instance_group { kind: KIND_CPU host_policy: 'unheard of' }", {}, ""},
      {b + "instance_group { kind: KIND_CPU gpus: 0 }",
       {0},
       "instance group m_0 of model m has kind KIND_CPU" + some_gpus},
      {b + "instance_group { kind: KIND_MODEL gpus: 0 }",
       {0},
       "instance group m_0 of model m has kind KIND_MODEL" + some_gpus},
      {b + "instance_group { gpus: 0 }", {}, "instance group m_0 of model m has kind KIND_CPU" + some_gpus},
      {b + "instance_group { kind: KIND_GPU }",
       {},
       "instance group m_0 of model m has kind KIND_GPU but no GPUs are available"},
      {b + "instance_group { kind: KIND_GPU gpus: 0 }",
       {},
       "instance group m_0 of model m specifies invalid or unsupported gpu id 0. GPUs with at least the minimum "
       "required CUDA compute compatibility of 7.500000 are: "},
      {b + "instance_group { kind: KIND_GPU gpus: [1, 4] }",
       {1, 2},
       "instance group m_0 of model m specifies invalid or unsupported gpu id 4. GPUs with at least the minimum "
       "required CUDA compute compatibility of 7.500000 are: 1, 2"},
      {b + "instance_group { name: 'g' kind: KIND_MODEL profile: '1' }",
       {},
       "instance group g of model m and platform specifies profile field which is only supported for TensorRT models"},
      {rt + "instance_group { kind: KIND_GPU profile: ['0', '2', '1x'] }", {0}, ""},
      {rt + "instance_group { kind: KIND_GPU profile: 'x' }", {0}, "unable to parse 'x': stoi"},
      {rt + "instance_group { kind: KIND_GPU profile: '99999999999' }", {0}, "unable to parse '99999999999': stoi"},
      {rt + "instance_group { kind: KIND_GPU profile: '-1' }",
       {0},
       "instance group m_0 of model m and platform tensorrt_plan specifies invalid profile -1. The field should "
       "contain the string representation of a non-negative integer."},
  };
  for (const InstanceCase& c : cases) {
    inference::ModelConfig config = ModelFromText(c.config);
    NormalizeInstanceGroups(c.gpus, {}, config);
    const Status status = ValidateAtLoad(config, {.ids = c.gpus, .min_compute_capability = 7.5});
    EXPECT_EQ(status.message(), c.error) << c.config;
    if (!status.ok()) {
      EXPECT_EQ(status.code(), StatusCode::kInvalidArg);
    }
  }
}

TEST(ValidateInstanceGroupsTest, ExpectsNormalizedGroups) {
  EXPECT_EQ(ValidateInstanceGroups(ModelFromText(kBackend), {}).message(),
            "must specify one or more 'instance group's for m");
  const Status status = ValidateInstanceGroups(ConfigFromText("name: 'm' instance_group { name: 'g' kind: 7 }"), {});
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_EQ(status.message(), "instance group g of model m has unexpected kind KIND_AUTO");
}

TEST(ValidateAtPollTest, BoundsWhatIsRefusedWithoutABackend) {
  std::string inputs;
  for (int i = 0; i <= kMaxTensors; ++i) inputs += "input { name: 'i' data_type: TYPE_FP32 dims: 1 } ";
  const std::string priorities = "backend: 'b' dynamic_batching { default_priority_level: 1 priority_levels: ";
  const Case cases[] = {
      {priorities + "10000 }", ""},
      {priorities + "10001 }", "expected at most 10000 'priority_levels', got 10001 for m"},
      {priorities + "18446744073709551615 }",
       "expected at most 10000 'priority_levels', got 18446744073709551615 for m"},
      {"backend: 'b' " + inputs, "expected at most 10000 inputs, got 10001 for m"},
  };
  ExpectAtPoll(cases);
}

// Whether the rest of a configuration passes, in its normal form.
std::string AtLoad(const std::string& more) {
  inference::ModelConfig config = ModelFromText(kBackend + more);
  NormalizeInstanceGroups({}, {}, config);
  return ValidateAtLoad(config, {}).message();
}

TEST(ValidateAtLoadTest, BoundsInstances) {
  EXPECT_EQ(AtLoad("instance_group { kind: KIND_CPU count: 4096 }"), "");
  EXPECT_EQ(AtLoad("instance_group { name: 'g' kind: KIND_CPU count: 4097 }"),
            "instance group g of model m: expected at most 4096 instances of a model, got 4097");
  EXPECT_EQ(AtLoad("instance_group { kind: KIND_CPU count: 4096 } instance_group { name: 'h' kind: KIND_CPU }"),
            "instance group h of model m: expected at most 4096 instances of a model, got 4097");
  EXPECT_NE(AtLoad("instance_group { kind: KIND_CPU count: 2147483647 }"), "");
}

TEST(ValidateAtLoadTest, BoundsWarmUp) {
  const auto sample = [](const std::string& batch, const std::string& count, const std::string& dims) {
    return "model_warmup { name: 's' batch_size: " + batch + " count: " + count +
           " inputs { key: 'i' value { data_type: TYPE_FP32 dims: [ " + dims + " ] zero_data: true } } } ";
  };
  EXPECT_EQ(AtLoad(sample("10", "100000", "1")), "");
  EXPECT_EQ(AtLoad(sample("10", "100001", "1")),
            "model warmup: expected at most 1000000 requests (batch_size times count, of all samples, on 1 instances), "
            "got 1000010 for m");
  EXPECT_NE(AtLoad("instance_group { kind: KIND_CPU count: 2 } " + sample("10", "100000", "1")), "");
  EXPECT_EQ(AtLoad("instance_group { kind: KIND_CPU count: 2 passive: true } " + sample("10", "100000", "1")), "");
  EXPECT_EQ(AtLoad(sample("0", "4294967295", "1099511627776")), "") << "skipped";
  EXPECT_NE(AtLoad(sample("4294967295", "4294967295", "1") + sample("4294967295", "4294967295", "1")), "");

  EXPECT_EQ(AtLoad(sample("2", "1", "134217728")), "");
  EXPECT_EQ(
      AtLoad(sample("2", "1", "134217729")),
      "warmup sample 's': expected at most 1073741824 bytes of inputs together, got 1073741832 with input 'i' for "
      "m");
  EXPECT_NE(AtLoad(sample("1", "1", "4611686018427387904, 4611686018427387904")), "");
  EXPECT_EQ(AtLoad(sample("1", "1", "-1, 4611686018427387904")), "") << "told where the data is made";
}

}  // namespace
}  // namespace neso
