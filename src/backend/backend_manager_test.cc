// Whole lives of models in real plug-ins: those of tests/backends, which misbehave.
#include "backend/backend_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <vector>

#include "base/executor.h"
#include "base/timer_queue.h"
#include "config/complete.h"
#include "config/parse.h"
#include "core/request.h"
#include "core/response.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kTensors = R"(
  input { name: "IN" data_type: TYPE_INT32 dims: [ 1 ] } output { name: "OUT" data_type: TYPE_INT32 dims: [ 1 ] } )";

TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size, TRITONSERVER_MemoryType,
                             int64_t, void*, void** buffer, void**, TRITONSERVER_MemoryType* type, int64_t* id) {
  *buffer = std::malloc(byte_size);
  *type = TRITONSERVER_MEMORY_CPU;
  *id = 0;
  return nullptr;
}

TRITONSERVER_Error* Free(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t, TRITONSERVER_MemoryType,
                         int64_t) {
  std::free(buffer);
  return nullptr;
}

const ResponseAllocator kAllocator(Allocate, Free, nullptr);

// A request with everything it got back.
class Call {
 public:
  Call(ModelHandle model, int32_t value) : value_(value) {
    request_ = InferenceRequest::Create(std::move(model), -1);
    BufferAttributes attributes;
    attributes.byte_size = sizeof(value_);
    EXPECT_TRUE(request_->AddInput("IN", DataType::kInt32, std::vector<int64_t>{1}).ok());
    EXPECT_TRUE(request_->AppendInputData("IN", &value_, attributes).ok());
    request_->SetResponseCallback(&kAllocator, nullptr, OnResponse, this);
    request_->SetReleaseCallback(OnRelease, this);
    const Status status = InferenceRequest::Submit(request_);
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

  // Waits for the final flag and the release.
  Call& Await() {
    finished_.get_future().wait();
    released_.get_future().wait();
    return *this;
  }
  const std::vector<int32_t>& values() const { return values_; }
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  static void OnResponse(TRITONSERVER_InferenceResponse* raw, const uint32_t flags, void* userp) {
    Call& call = *static_cast<Call*>(userp);
    const std::unique_ptr<InferenceResponse> response(static_cast<InferenceResponse*>(raw));
    if (response != nullptr && !response->status().ok()) {
      call.errors_.push_back(response->status().ToString());
    } else if (response != nullptr) {
      call.values_.push_back(*static_cast<const int32_t*>(response->outputs()[0].base()));
    }
    if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0) call.finished_.set_value();
  }
  static void OnRelease(TRITONSERVER_InferenceRequest* raw, const uint32_t, void* userp) {
    delete static_cast<InferenceRequest*>(raw);
    static_cast<Call*>(userp)->released_.set_value();
  }

  const int32_t value_;
  std::unique_ptr<InferenceRequest> request_;
  std::vector<int32_t> values_;
  std::vector<std::string> errors_;
  std::promise<void> finished_;
  std::promise<void> released_;
};

class BackendManagerTest : public ::testing::Test {
 protected:
  BackendManagerTest() : executor_("test", 16) {
    folder_ = ::testing::TempDir() + "load_model_XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    BackendOptions options;
    options.backend_directory = NESO_TEST_BACKENDS;
    options.host_policies["bound"] = {{"cpu-cores", std::to_string(Core())}};
    manager_ =
        std::make_unique<BackendManager>(options, SchedulingContext{executor_, timers_, SteadyClock::Instance()});
  }
  ~BackendManagerTest() override {
    manager_.reset();
    std::filesystem::remove_all(folder_);
  }

  // The first processor that this process may use.
  static int Core() {
    cpu_set_t allowed;
    EXPECT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
    int core = 0;
    while (!CPU_ISSET(core, &allowed)) ++core;
    return core;
  }

  Expected<ModelHandle> TryLoad(const std::string& name, const std::string& backend, const std::string& settings = "",
                                bool config_file_given = true) {
    const std::string model_folder = folder_ + "/" + name;
    std::filesystem::create_directories(model_folder + "/1");
    Expected<inference::ModelConfig> config = ParseModelConfigText(
        "name: '" + name + "' backend: '" + backend + "'" + (config_file_given ? kTensors : "") + settings, "test");
    EXPECT_TRUE(config.ok()) << config.error().ToString();
    NormalizeModelConfig(*config);
    return manager_->LoadModel(model_folder, 1, std::move(*config), config_file_given, nullptr, {});
  }
  ModelHandle Load(const std::string& name, const std::string& backend, const std::string& settings = "") {
    Expected<ModelHandle> model = TryLoad(name, backend, settings);
    EXPECT_TRUE(model.ok()) << model.error().ToString();
    return model.ok() ? *model : nullptr;
  }
  std::string LoadError(const std::string& name, const std::string& backend, const std::string& settings = "") {
    Expected<ModelHandle> model = TryLoad(name, backend, settings);
    return model.ok() ? "" : model.error().ToString();
  }
  static StatisticsSnapshot Statistics(const ModelHandle& model) { return model->statistics().Snapshot(); }

  std::string folder_;
  Executor executor_;
  TimerQueue timers_;
  std::unique_ptr<BackendManager> manager_;
};

TEST_F(BackendManagerTest, RunsAModel) {
  const ModelHandle model = Load("plain", "throwing");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(model->config().instance_group_size(), 1);
  Call call(model, 7);
  EXPECT_THAT(call.Await().values(), ElementsAre(7));
  EXPECT_THAT(call.errors(), IsEmpty());
}

TEST_F(BackendManagerTest, TurnsExceptionsOfInitialisationIntoLoadErrors) {
  EXPECT_EQ(LoadError("throws_in_initialize", "throwing"),
            "Internal: TRITONBACKEND_ModelInitialize threw an exception: thrown on purpose: throws_in_initialize");
  EXPECT_EQ(
      LoadError("throws_in_instance", "throwing"),
      "Internal: TRITONBACKEND_ModelInstanceInitialize threw an exception: thrown on purpose: throws_in_instance");
}

TEST_F(BackendManagerTest, AnswersRequestsWhoseExecutionThrows) {
  const ModelHandle model = Load("throws_in_execute", "throwing");
  Call call(model, 7);
  EXPECT_THAT(call.Await().errors(), ElementsAre("Internal: TRITONBACKEND_ModelInstanceExecute threw an exception: "
                                                 "thrown on purpose: throws_in_execute"));
  EXPECT_EQ(Statistics(model).fail.count, 1u);
  Call number(Load("throws_int", "throwing"), 7);
  EXPECT_THAT(number.Await().errors(), ElementsAre("Internal: TRITONBACKEND_ModelInstanceExecute threw an exception"));
}

TEST_F(BackendManagerTest, LeavesAloneWhatWasReleasedBeforeAnException) {
  const ModelHandle model = Load("throws_late", "throwing");
  for (int i = 0; i < 3; ++i) {
    Call call(model, i);
    EXPECT_THAT(call.Await().values(), ElementsAre(i));
    EXPECT_THAT(call.errors(), IsEmpty());
  }
}

TEST_F(BackendManagerTest, SurvivesExceptionsOfFinalisationAndReadiness) {
  Load("throws_in_finalize", "throwing").reset();
  const ModelHandle model = Load("throws_in_ready", "throwing");
  EXPECT_EQ(model->CheckReady().code(), StatusCode::kInternal);
  EXPECT_TRUE(Load("plain", "throwing")->CheckReady().ok());
}

TEST_F(BackendManagerTest, SendsOneFinalResponseHoweverOftenThePluginDoes) {
  Call twice(Load("lying_twice", "lying"), 5);
  EXPECT_THAT(twice.Await().values(), ElementsAre(5));
  Call error(Load("lying_error", "lying"), 6);
  EXPECT_THAT(error.Await().values(), ElementsAre(6));
  EXPECT_THAT(error.errors(), IsEmpty());
}

TEST_F(BackendManagerTest, AnswersForAPluginThatDoesNot) {
  Call call(Load("lying_silent", "lying"), 5);
  EXPECT_THAT(call.Await().errors(),
              ElementsAre("Internal: model 'lying_silent' gave the request back without an answer"));
}

TEST_F(BackendManagerTest, RefusesWhatThePluginMustNotAskFor) {
  Call output(Load("lying_output", "lying"), 5);
  EXPECT_THAT(output.Await().values(), ElementsAre(5));
  Call null(Load("lying_null", "lying"), 5);
  EXPECT_THAT(null.Await().values(), ElementsAre(5));
}

TEST_F(BackendManagerTest, KeepsTheRequestUntilALateReleaseFromAnotherThread) {
  const ModelHandle model = Load("late", "releases_late", "instance_group { count: 2 kind: KIND_CPU }");
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 8; ++i) calls.push_back(std::make_unique<Call>(model, i));
  for (int i = 0; i < 8; ++i) EXPECT_THAT(calls[i]->Await().values(), ElementsAre(i));
}

TEST_F(BackendManagerTest, UnloadsWhenTheLastRequestIsReleased) {
  ModelHandle model = Load("late", "releases_late");
  Call call(model, 3);
  model.reset();
  EXPECT_THAT(call.Await().values(), ElementsAre(3));
  manager_.reset();  // waits for the model
}

TEST_F(BackendManagerTest, StreamsDecoupledResponses) {
  const ModelHandle model = Load("repeat", "decoupled_repeat", "model_transaction_policy { decoupled: true }");
  Call call(model, 5);
  EXPECT_THAT(call.Await().values(), ElementsAre(0, 1, 2, 3, 4));
  Call none(model, 0);
  EXPECT_THAT(none.Await().values(), IsEmpty());
  EXPECT_THAT(none.errors(), IsEmpty());
  Call negative(model, -1);
  EXPECT_THAT(negative.Await().errors(), ElementsAre("Invalid argument: IN must not be negative"));
}

TEST_F(BackendManagerTest, CountsDecoupledResponsesByTheirIndex) {
  ModelHandle model = Load("repeat", "decoupled_repeat", "model_transaction_policy { decoupled: true }");
  Call(model, 2).Await();
  Call(model, 1).Await();
  const StatisticsSnapshot snapshot = Statistics(model);
  ASSERT_EQ(snapshot.responses.size(), 2u);
  EXPECT_EQ(snapshot.responses.at(0).success.count, 2u);
  EXPECT_EQ(snapshot.responses.at(1).success.count, 1u);
  EXPECT_EQ(snapshot.success.count, 2u);
}

TEST_F(BackendManagerTest, CountsWhatThePluginReports) {
  const ModelHandle model = Load("slow", "slow");
  Call(model, 1).Await();
  const StatisticsSnapshot snapshot = Statistics(model);
  EXPECT_EQ(snapshot.success.count, 1u);
  EXPECT_EQ(snapshot.inference_count, 1u);
  EXPECT_EQ(snapshot.execution_count, 1u);
  EXPECT_GE(snapshot.compute_infer.ns, 1'000'000u);
}

TEST_F(BackendManagerTest, RunsInstancesAtTheSameTime) {
  const ModelHandle model = Load("slow", "slow", "instance_group { count: 2 kind: KIND_CPU }");
  Call first(model, -2);  // each waits until both are inside
  Call second(model, -2);
  EXPECT_THAT(first.Await().values(), ElementsAre(-2));
  EXPECT_THAT(second.Await().values(), ElementsAre(-2));
}

TEST_F(BackendManagerTest, WarmsUpEachInstance) {
  const ModelHandle model = Load("slow", "slow", R"(
    instance_group { count: 2 kind: KIND_CPU }
    model_warmup { name: "s" batch_size: 3 count: 2
      inputs { key: "IN" value { data_type: TYPE_INT32 dims: [ 1 ] zero_data: true } } }
    model_warmup { name: "skipped" batch_size: 0 })");
  EXPECT_EQ(Statistics(model).success.count, 2u * 3u * 2u);
}

TEST_F(BackendManagerTest, RefusesAModelWhoseWarmUpFails) {
  const std::string sample = R"(model_warmup { name: "s" batch_size: 2 inputs { key: "IN" value {
    data_type: TYPE_INT32 dims: [ 1 ] zero_data: true } } })";
  const std::string reason =
      "TRITONBACKEND_ModelInstanceExecute threw an exception: thrown on purpose: throws_in_execute; ";
  EXPECT_EQ(LoadError("throws_in_execute", "throwing", sample),
            "Invalid argument: failed to run warmup sample 's': " + reason + reason);
}

TEST_F(BackendManagerTest, ValidatesWarmUpRequests) {
  EXPECT_EQ(
      LoadError("m", "slow", R"(model_warmup { name: "s" batch_size: 1 inputs { key: "IN" value {
              data_type: TYPE_FP32 dims: [ 1 ] zero_data: true } } })"),
      "Invalid argument: [request id: <id_unknown>] inference input 'IN' data-type is 'FP32', but model 'm' expects "
      "'INT32'");
}

TEST_F(BackendManagerTest, AddsAndRemovesInstancesWhileTheModelServes) {
  const ModelHandle model = Load("slow", "slow", "instance_group { count: 1 kind: KIND_CPU }");
  inference::ModelConfig config = model->config();
  for (const int count : {3, 1, 2}) {
    Call call(model, 20);
    config.mutable_instance_group(0)->set_count(count);
    const Status status = manager_->UpdateInstanceGroups(*model, config, {});
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(model->config().instance_group(0).count(), count);
    EXPECT_THAT(call.Await().values(), ElementsAre(20));
    EXPECT_THAT(Call(model, 1).Await().values(), ElementsAre(1));
  }
}

TEST_F(BackendManagerTest, RunsAnInstanceUnderItsHostPolicy) {
  const auto where = [this](const std::string& name, const std::string& policy) {
    const ModelHandle model = Load(name, "affinity", "instance_group { count: 1 kind: KIND_CPU " + policy + " }");
    return Call(model, 0).Await().values();
  };
  EXPECT_THAT(where("bound", "host_policy: 'bound'"), ElementsAre(Core()));
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  const int processors = CPU_COUNT(&allowed);
  EXPECT_THAT(where("free", ""), ElementsAre(processors > 1 ? -processors : Core()));
}

TEST_F(BackendManagerTest, RefusesRequestsOfPassiveInstances) {
  const ModelHandle model = Load("plain", "throwing", "instance_group { count: 1 kind: KIND_CPU passive: true }");
  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);
  EXPECT_EQ(model->scheduler().Enqueue(request).code(), StatusCode::kUnavailable);
}

TEST_F(BackendManagerTest, KeepsAPluginsProtobufApartFromTheServers) {
  const ModelHandle model = Load("otherproto", "otherproto");
  EXPECT_THAT(Call(model, 11).Await().values(), ElementsAre(11));
  // And the server's still works.
  EXPECT_TRUE(ParseModelConfigText("name: 'm' platform: 'p'", "test").ok());
}

TEST_F(BackendManagerTest, SaysWhyALibraryCannotBeLoaded) {
  EXPECT_EQ(LoadError("m", "nobody"),
            "Invalid argument: unable to find backend library for backend 'nobody', try "
            "specifying runtime on the model configuration.");
  std::filesystem::create_directories(folder_ + "/broken/1");
  std::ofstream(folder_ + "/broken/libtriton_broken.so") << "not a library";
  EXPECT_EQ(LoadError("broken", "broken"),
            "Not found: unable to load shared library: " + folder_ + "/broken/libtriton_broken.so: file too short");
}

TEST_F(BackendManagerTest, NeedsAConfigurationFromSomebody) {
  Expected<ModelHandle> model = TryLoad("m", "slow", "", false);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().ToString(), "Not found: model configuration is not provided for model 'm'");
}

TEST_F(BackendManagerTest, ListsLoadedBackends) {
  EXPECT_TRUE(manager_->LoadedBackends().empty());
  Load("a", "slow");
  Load("b", "slow");
  Load("c", "lying");
  const auto rows = manager_->LoadedBackends();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "lying");
  EXPECT_EQ(rows[1].path, std::string(NESO_TEST_BACKENDS) + "/slow/libtriton_slow.so");
  EXPECT_THAT(rows[1].config_json, HasSubstr(R"("default-max-batch-size":"4")"));
}

}  // namespace
}  // namespace neso
