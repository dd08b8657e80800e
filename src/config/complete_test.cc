#include "config/complete.h"

#include <gtest/gtest.h>

#include "config/test_config.h"

namespace neso {
namespace {

using test::ConfigFromText;

std::vector<FolderEntry> Files(std::initializer_list<std::string> names) {
  std::vector<FolderEntry> entries;
  for (const std::string& name : names) {
    const bool is_folder = name.ends_with('/');
    entries.push_back({is_folder ? name.substr(0, name.size() - 1) : name, is_folder});
  }
  return entries;
}

struct CompletionCase {
  const char* config;
  std::vector<FolderEntry> files;
  const char* backend;
  const char* platform;
  const char* file;
};

TEST(CompleteModelConfigTest, FindsBackendPlatformAndFile) {
  const CompletionCase cases[] = {
      // The files say.
      {"", Files({"model.savedmodel/"}), "tensorflow", "tensorflow_savedmodel", "model.savedmodel"},
      {"", Files({"model.graphdef"}), "tensorflow", "tensorflow_graphdef", "model.graphdef"},
      {"", Files({"model.plan"}), "tensorrt", "tensorrt_plan", "model.plan"},
      {"", Files({"model.onnx"}), "onnxruntime", "onnxruntime_onnx", "model.onnx"},
      {"", Files({"model.onnx/"}), "onnxruntime", "onnxruntime_onnx", "model.onnx"},
      {"", Files({"model.bin", "model.xml"}), "openvino", "", "model.xml"},
      {"", Files({"model.pt"}), "pytorch", "pytorch_libtorch", "model.pt"},
      {"", Files({"model.pt2"}), "pytorch", "torch_aoti", "model.pt2"},
      {"", Files({"model.py"}), "python", "", "model.py"},
      {"", Files({"model.py", "model.pt"}), "pytorch", "pytorch_libtorch", "model.pt"},
      {"", Files({"model.py", "model.pt", "model.onnx", "model.plan", "model.xml"}), "tensorrt", "tensorrt_plan",
       "model.plan"},
      // The platform says.
      {"platform: 'tensorflow_savedmodel'", {}, "tensorflow", "tensorflow_savedmodel", "model.savedmodel"},
      {"platform: 'tensorrt_plan'", {}, "tensorrt", "tensorrt_plan", "model.plan"},
      {"platform: 'onnxruntime_onnx'", Files({"model.savedmodel/"}), "onnxruntime", "onnxruntime_onnx", "model.onnx"},
      {"platform: 'pytorch_libtorch'", {}, "pytorch", "pytorch_libtorch", "model.pt"},
      {"platform: 'torch_aoti'", {}, "pytorch", "torch_aoti", "model.pt2"},
      {"platform: 'libtorch'", {}, "pytorch", "libtorch", ""},
      {"platform: 'onnxruntime_onnx' default_model_filename: 'x.onnx'",
       {},
       "onnxruntime",
       "onnxruntime_onnx",
       "x.onnx"},
      {"platform: 'zz'", Files({"model.onnx"}), "", "zz", ""},
      // The file name says.
      {"default_model_filename: 'model.savedmodel'", {}, "tensorflow", "tensorflow_savedmodel", "model.savedmodel"},
      {"default_model_filename: 'model.onnx'", Files({"model.savedmodel/"}), "onnxruntime", "onnxruntime_onnx",
       "model.onnx"},
      {"default_model_filename: 'model.py'", {}, "python", "", "model.py"},
      {"default_model_filename: 'zz'", Files({"model.onnx"}), "", "", "zz"},
      {"platform: 'pytorch_libtorch' default_model_filename: 'model.onnx'",
       {},
       "onnxruntime",
       "pytorch_libtorch",
       "model.onnx"},
      // The backend is given.
      {"backend: 'tensorflow'", Files({"model.savedmodel/"}), "tensorflow", "tensorflow_savedmodel",
       "model.savedmodel"},
      {"backend: 'tensorflow'", Files({"model.graphdef"}), "tensorflow", "tensorflow_graphdef", "model.graphdef"},
      {"backend: 'tensorflow'", {}, "tensorflow", "", ""},
      {"backend: 'tensorflow' platform: 'tensorflow_graphdef'",
       {},
       "tensorflow",
       "tensorflow_graphdef",
       "model.graphdef"},
      {"backend: 'tensorflow' platform: 'tensorflow_savedmodel' default_model_filename: 'x'",
       {},
       "tensorflow",
       "tensorflow_savedmodel",
       "x"},
      {"backend: 'tensorrt' default_model_filename: 'x.plan'", {}, "tensorrt", "tensorrt_plan", "x.plan"},
      {"backend: 'onnxruntime'", Files({"model.pt"}), "onnxruntime", "onnxruntime_onnx", "model.onnx"},
      {"backend: 'openvino' platform: 'q'", {}, "openvino", "q", "model.xml"},
      {"backend: 'pytorch'", {}, "pytorch", "pytorch_libtorch", "model.pt"},
      {"backend: 'pytorch' platform: 'pytorch_libtorch'", {}, "pytorch", "pytorch_libtorch", ""},
      {"backend: 'pytorch' platform: 'torch_aoti'", {}, "pytorch", "torch_aoti", "model.pt2"},
      {"backend: 'pytorch' runtime: 'model.py'", {}, "pytorch", "pytorch_libtorch", ""},
      {"backend: 'python'", {}, "python", "", "model.py"},
      {"backend: 'mine'", Files({"model.onnx"}), "mine", "", ""},
      {"platform: 'ensemble'", Files({"model.onnx"}), "", "ensemble", ""},
  };
  for (const CompletionCase& c : cases) {
    inference::ModelConfig config = ConfigFromText(c.config);
    ASSERT_TRUE(CompleteModelConfig({"m", c.files}, config).ok()) << c.config;
    EXPECT_EQ(config.name(), "m");
    EXPECT_EQ(config.backend(), c.backend) << c.config;
    EXPECT_EQ(config.platform(), c.platform) << c.config;
    EXPECT_EQ(config.default_model_filename(), c.file) << c.config;
  }
}

TEST(CompleteModelConfigTest, TakesTheBackendFromTheNameLast) {
  inference::ModelConfig config;
  ASSERT_TRUE(CompleteModelConfig({"big.bar.baz", {}}, config).ok());
  EXPECT_EQ(config.backend(), "bar.baz");
  EXPECT_EQ(config.default_model_filename(), "model.bar.baz");

  inference::ModelConfig found;
  ASSERT_TRUE(CompleteModelConfig({"big.bar", Files({"model.onnx"})}, found).ok());
  EXPECT_EQ(found.backend(), "onnxruntime");
}

TEST(CompleteModelConfigTest, SaysWhenTheBackendCannotBeKnown) {
  for (const std::vector<FolderEntry>& files : {Files({}), Files({"model.savedmodel"}), Files({"model.graphdef/"})}) {
    inference::ModelConfig config;
    const Status status = CompleteModelConfig({"m", files}, config);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.code(), StatusCode::kInvalidArg);
    EXPECT_EQ(status.message(),
              "Invalid model name: Could not determine backend for model 'm' with no backend in model configuration. "
              "Expected model name of the form 'model.<backend_name>'.");
  }
}

TEST(CompleteModelConfigTest, KeepsAGivenName) {
  inference::ModelConfig config = ConfigFromText("name: 'other' backend: 'b'");
  ASSERT_TRUE(CompleteModelConfig({"m", {}}, config).ok());
  EXPECT_EQ(config.name(), "other");
}

TEST(NormalizeModelConfigTest, AppliesDefaults) {
  inference::ModelConfig config = ConfigFromText("max_batch_size: 8 dynamic_batching { }");
  NormalizeModelConfig(config);
  EXPECT_EQ(config.version_policy().latest().num_versions(), 1U);
  EXPECT_EQ(config.dynamic_batching().preferred_batch_size(0), 8);
  EXPECT_TRUE(config.optimization().input_pinned_memory().enable());
  EXPECT_TRUE(config.optimization().output_pinned_memory().enable());
}

TEST(NormalizeModelConfigTest, KeepsWhatIsSet) {
  const std::string text = R"(version_policy { } max_batch_size: 8 dynamic_batching { preferred_batch_size: 2 }
      optimization { input_pinned_memory { } output_pinned_memory { } })";
  inference::ModelConfig config = ConfigFromText(text);
  NormalizeModelConfig(config);
  EXPECT_EQ(config.DebugString(), ConfigFromText(text).DebugString());
}

TEST(NormalizeModelConfigTest, CompletesSequenceBatching) {
  inference::ModelConfig config = ConfigFromText("max_batch_size: 4 sequence_batching { oldest { } }");
  NormalizeModelConfig(config);
  EXPECT_EQ(config.sequence_batching().max_sequence_idle_microseconds(), 1000000U);
  EXPECT_EQ(config.sequence_batching().oldest().preferred_batch_size(0), 4);

  inference::ModelConfig unbatched = ConfigFromText("sequence_batching { max_sequence_idle_microseconds: 7 }");
  NormalizeModelConfig(unbatched);
  EXPECT_EQ(unbatched.sequence_batching().max_sequence_idle_microseconds(), 7U);
  EXPECT_FALSE(unbatched.sequence_batching().has_oldest());
}

TEST(NormalizeModelConfigTest, EnsemblesGetNoOptimization) {
  inference::ModelConfig config = ConfigFromText("platform: 'ensemble' ensemble_scheduling { }");
  NormalizeModelConfig(config);
  EXPECT_FALSE(config.has_optimization());
  NormalizeInstanceGroups({}, {}, config);
  EXPECT_TRUE(config.instance_group().empty());
}

struct GroupCase {
  const char* config;
  std::vector<int> gpus;
  const char* preferred;  // a configuration whose instance groups are the backend's wishes
  const char* expected;
};

TEST(NormalizeInstanceGroupsTest, MakesEveryGroupExplicit) {
  const GroupCase cases[] = {
      {"", {}, "", "instance_group { name: 'm' kind: KIND_CPU count: 1 }"},
      {"", {0, 1}, "", "instance_group { name: 'm' kind: KIND_GPU count: 1 gpus: [0, 1] }"},
      {"backend: 'onnxruntime'", {}, "", "instance_group { name: 'm' kind: KIND_CPU count: 2 }"},
      {"backend: 'tensorflow'", {}, "", "instance_group { name: 'm' kind: KIND_CPU count: 2 }"},
      {"backend: 'onnxruntime'", {0}, "", "instance_group { name: 'm' kind: KIND_GPU count: 1 gpus: 0 }"},
      {"backend: 'onnxruntime' instance_group { count: 5 } instance_group { name: 'g' kind: KIND_MODEL }",
       {},
       "",
       "instance_group { name: 'm_0' kind: KIND_CPU count: 5 } instance_group { name: 'g' kind: KIND_MODEL count: 1 }"},
      {"instance_group { count: -3 }", {}, "", "instance_group { name: 'm_0' kind: KIND_CPU count: 1 }"},
      // KIND_AUTO with a GPU that is not there turns into KIND_CPU and keeps its list, which validation then refuses.
      {"instance_group { gpus: [0, 7] }",
       {0},
       "",
       "instance_group { name: 'm_0' kind: KIND_CPU count: 1 gpus: [0, 7] }"},
      {"instance_group { gpus: 1 }", {0, 1}, "", "instance_group { name: 'm_0' kind: KIND_GPU count: 1 gpus: 1 }"},
      {"instance_group { kind: KIND_GPU }", {}, "", "instance_group { name: 'm_0' kind: KIND_GPU count: 1 }"},
      // The backend's wishes count only where the model has none.
      {"", {0}, "instance_group { kind: KIND_CPU count: 3 }", "instance_group { name: 'm' kind: KIND_CPU count: 3 }"},
      // A backend for the CPU only: KIND_AUTO is no GPU then.
      {"instance_group { count: 2 }",
       {0},
       "instance_group { kind: KIND_CPU }",
       "instance_group { name: 'm_0' kind: KIND_CPU count: 2 }"},
      {"instance_group { kind: KIND_CPU }",
       {},
       "instance_group { kind: KIND_CPU count: 3 }",
       "instance_group { name: 'm_0' kind: KIND_CPU count: 1 }"},
      {"",
       {},
       "instance_group { kind: KIND_GPU count: 4 } instance_group { kind: KIND_MODEL count: 3 }",
       "instance_group { name: 'm' kind: KIND_MODEL count: 3 }"},
      {"", {}, "instance_group { kind: KIND_GPU count: 4 }", "instance_group { name: 'm' kind: KIND_CPU count: 1 }"},
      {"",
       {0, 2},
       "instance_group { kind: KIND_GPU gpus: [1, 2] }",
       "instance_group { name: 'm' kind: KIND_GPU count: 1 gpus: 2 }"},
  };
  for (const GroupCase& c : cases) {
    inference::ModelConfig config = ConfigFromText(c.config);
    config.set_name("m");
    const inference::ModelConfig preferred = ConfigFromText(c.preferred);
    const std::vector<inference::ModelInstanceGroup> wishes(preferred.instance_group().begin(),
                                                            preferred.instance_group().end());
    NormalizeInstanceGroups(c.gpus, wishes, config);
    inference::ModelConfig groups;
    *groups.mutable_instance_group() = config.instance_group();
    EXPECT_EQ(groups.DebugString(), ConfigFromText(c.expected).DebugString()) << c.config;
  }
}

TEST(MergeBackendConfigTest, TakesWhatABackendMayChange) {
  inference::ModelConfig config = ConfigFromText("name: 'm' backend: 'b' default_model_filename: 'f'");
  const inference::ModelConfig proposal =
      ConfigFromText(R"(name: 'x' backend: 'y' default_model_filename: 'z' max_batch_size: 4
      input { name: 'i' } output { name: 'o' } dynamic_batching { } model_transaction_policy { decoupled: true }
      instance_group { count: 9 })");
  ASSERT_TRUE(MergeBackendConfig(proposal, config).ok());
  EXPECT_EQ(config.name(), "m");
  EXPECT_EQ(config.backend(), "b");
  EXPECT_EQ(config.default_model_filename(), "f");
  EXPECT_TRUE(config.instance_group().empty());
  EXPECT_EQ(config.max_batch_size(), 4);
  EXPECT_EQ(config.input(0).name(), "i");
  EXPECT_EQ(config.output(0).name(), "o");
  EXPECT_TRUE(config.model_transaction_policy().decoupled());
  EXPECT_EQ(config.dynamic_batching().preferred_batch_size(0), 4) << "defaults apply to what came new";
}

TEST(MergeBackendConfigTest, RefusesToChangeTheScheduler) {
  const std::string before = "max_batch_size: 2 dynamic_batching { max_queue_delay_microseconds: 5 }";
  inference::ModelConfig config = ConfigFromText(before);
  const Status status = MergeBackendConfig(ConfigFromText("max_batch_size: 9 sequence_batching { }"), config);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_EQ(status.message(), "Cannot update scheduling choice from 11 to 13 when auto-completing.");
  EXPECT_EQ(config.DebugString(), ConfigFromText(before).DebugString());
  EXPECT_FALSE(MergeBackendConfig(ConfigFromText("max_batch_size: 9"), config).ok());

  ASSERT_TRUE(MergeBackendConfig(ConfigFromText("max_batch_size: 9 dynamic_batching { }"), config).ok());
  EXPECT_EQ(config.dynamic_batching().max_queue_delay_microseconds(), 5U) << "the given scheduler stays as it is";
}

TEST(MergeBackendConfigTest, RefusesToMakeAnEnsemble) {
  inference::ModelConfig config = ConfigFromText("name: 'm'");
  EXPECT_EQ(MergeBackendConfig(ConfigFromText("ensemble_scheduling { }"), config).code(), StatusCode::kInternal);
  EXPECT_FALSE(config.has_ensemble_scheduling());
}

TEST(BackendLibraryNameTest, FollowsTheBackend) {
  EXPECT_EQ(BackendLibraryName("onnxruntime"), "libtriton_onnxruntime.so");
}

}  // namespace
}  // namespace neso
