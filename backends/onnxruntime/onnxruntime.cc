// The ONNX Runtime backend: libtriton_onnxruntime.so.
//
// CPU instances share one session: the weights are in memory once, and concurrent runs are what sessions are made for.
// A model that asks for thread pools of its own gets a session (and pools) for each instance, as its author reckoned
// with; one that has the runtime to itself gets a pool for its session. An instance on a GPU has a session of its own, too.
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "auto_complete.h"
#include "cuda.h"
#include "environment.h"
#include "external_weights.h"
#include "model_description.h"
#include "neso/backend/backend.h"
#include "session_options.h"

namespace neso::onnxruntime {

using backend::BatchInputConfig;
using backend::BatchTensor;
using backend::Execution;
using backend::InputCollector;
using backend::Instance;
using backend::Model;
using backend::OutputResponder;
using backend::Request;
using backend::TensorConfig;

using SharedSession = std::shared_ptr<Ort::Session>;

// What the command line says to this backend.
Status LogConfiguration(const backend::Backend& backend) {
  TRITONSERVER_Message* message = nullptr;  // stays the backend's
  NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendConfig(backend.handle(), &message));
  const char* json = nullptr;
  size_t size = 0;
  NESO_RETURN_IF_ERROR(TRITONSERVER_MessageSerializeToJson(message, &json, &size));
  NESO_LOG_VERBOSE("backend configuration:\n", std::string_view(json, size));
  return {};
}

class OnnxModel final : public Model {
 public:
  static Status InitializeBackend(const backend::Backend& backend) {
    NESO_RETURN_IF_ERROR(LogConfiguration(backend));
    return InitializeEnvironment(backend);
  }
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
    if (!HasCudaProvider()) {
      // On a machine with a GPU, too, a model that does not say where to run runs.
      NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendAttributeAddPreferredInstanceGroup(
          attributes, TRITONSERVER_INSTANCEGROUPKIND_CPU, 0, nullptr, 0));
    }
    return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
  }

  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(document_, ConfigDocument());
    has_sequence_batching_ = backend::FindMember(document_, "sequence_batching") != nullptr;
    NESO_ASSIGN_OR_RETURN(shrink_arena_, ReadShrinkage());
    if (!auto_complete() || (!config().inputs.empty() && !config().outputs.empty())) return {};
    // The session is made for completion anyway: instances that fit it take it over.
    NESO_ASSIGN_OR_RETURN(const SharedSession session,
                          SessionFor(TRITONSERVER_INSTANCEGROUPKIND_CPU, 0, "model '" + name() + "'"));
    NESO_ASSIGN_OR_RETURN(const ModelDescription description, Describe(*session, name()));
    NESO_ASSIGN_OR_RETURN(const bool changed, AutoComplete(description, Settings().default_max_batch_size, document_));
    if (!changed) return {};
    NESO_RETURN_IF_ERROR(SetConfig(document_));
    NESO_ASSIGN_OR_RETURN(document_, ConfigDocument());
    return {};
  }

  // The session an instance runs. `user` is named when the model file is missing.
  Result<SharedSession> SessionFor(TRITONSERVER_InstanceGroupKind kind, int32_t device_id, const std::string& user) {
    NESO_ASSIGN_OR_RETURN(const ThreadCounts threads, ReadThreadCounts(config()));
    const bool own_threads = threads.OwnPools() && threads.intra_op != 1 && !Settings().global_pool_only;
    const bool shared = kind != TRITONSERVER_INSTANCEGROUPKIND_GPU && !own_threads;
    if (!shared) return MakeSession(kind, device_id, user, /*own_pool=*/false);
    const Turn turn(*this);
    if (SharedSession session = Shared()) return session;
    Result<SharedSession> made = MakeOnlySession(user, threads);
    if (made) Share(*made);
    return made;
  }
  void SessionTaken() {
    std::lock_guard lock(mutex_);
    first_taken_ = true;
    kept_session_.reset();
  }

  bool has_sequence_batching() const { return has_sequence_batching_; }
  bool shrink_arena() const { return shrink_arena_; }

 private:
  Result<bool> ReadShrinkage() const {
    const auto devices = config().parameters.Find("memory.enable_memory_arena_shrinkage");
    return devices.has_value() && !devices->empty();
  }

  Result<std::string> ModelPath(const std::string& user) const {
    const std::string& file = config().default_model_filename;
    std::filesystem::path path = std::filesystem::path(version_path()) / (file.empty() ? "model.onnx" : file);
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) path /= "model.onnx";
    if (!std::filesystem::exists(path, error)) {
      return Status::Unavailable("unable to find '", path.string(), "' for ", user);
    }
    return path.string();
  }

  // One session is made at a time. That may take minutes, so it is a turn and no lock.
  class Turn {
   public:
    explicit Turn(OnnxModel& model) : model_(model) {
      std::unique_lock lock(model_.mutex_);
      model_.turn_ended_.wait(lock, [this] { return !model_.is_making_; });
      model_.is_making_ = true;
    }
    ~Turn() {
      std::lock_guard lock(model_.mutex_);
      model_.is_making_ = false;
      model_.turn_ended_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    OnnxModel& model_;
  };

  SharedSession Shared() {
    std::lock_guard lock(mutex_);
    return shared_session_.lock();
  }
  void Share(const SharedSession& session) {
    std::lock_guard lock(mutex_);
    shared_session_ = session;
    if (!first_taken_) kept_session_ = session;  // until the first instance holds it
  }

  Result<SharedSession> MakeOnlySession(const std::string& user, const ThreadCounts& threads) const {
    const bool may_have_pool = !threads.OwnPools() && !Settings().global_pool_only;
    auto leave = may_have_pool ? LeaveForOwnPool(name()) : nullptr;
    NESO_ASSIGN_OR_RETURN(SharedSession session,
                          MakeSession(TRITONSERVER_INSTANCEGROUPKIND_CPU, 0, user, leave != nullptr));
    Ort::Session* const made = session.get();
    // The leave lasts as long as the pool.
    return SharedSession(made, [leave = std::move(leave), session = std::move(session)](Ort::Session*) mutable {
      session.reset();
      leave.reset();
    });
  }

  Result<SharedSession> MakeSession(TRITONSERVER_InstanceGroupKind kind, int32_t device_id, const std::string& user,
                                    bool own_pool) const {
    NESO_ASSIGN_OR_RETURN(const std::string path, ModelPath(user));
    NESO_ASSIGN_OR_RETURN(const ExternalWeights weights, ExternalWeights::Read(path));
    if (weights.file_count() > 0) {
      NESO_LOG_INFO("model '", name(), "': external weights are read into memory, ", weights.byte_size(), " bytes of ",
                    weights.file_count(), " file(s): it goes on as it is when they are written over or removed");
    }
    SharedSession session;
    Status failure;
    NESO_RETURN_IF_ERROR(TryOrt([&] {
      Result<Ort::SessionOptions> options =
          MakeSessionOptions(config(), document_, version_path(), kind, device_id, own_pool);
      if (!options) {
        failure = options.TakeStatus();
        return;
      }
      weights.AddTo(*options);
      session = weights.MakeSession(Environment(), *options);
    }));
    if (!failure.ok()) return failure;
    return session;
  }

  rapidjson::Document document_;
  bool has_sequence_batching_ = false;
  bool shrink_arena_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable turn_ended_;
  bool is_making_ = false;
  std::weak_ptr<Ort::Session> shared_session_;
  SharedSession kept_session_;
  bool first_taken_ = false;
};

class OnnxInstance final : public Instance<OnnxModel> {
 public:
  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(session_, model().SessionFor(kind(), device_id(), "model instance '" + name() + "'"));
    model().SessionTaken();
    NESO_ASSIGN_OR_RETURN(description_, Describe(*session_, model().name()));
    NESO_RETURN_IF_ERROR(CheckConfig(description_, model().config(), model().has_sequence_batching()));
    collector_ = std::make_unique<InputCollector>(model().config());
    if (kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) NESO_RETURN_IF_ERROR(UseGpu());
    BindInputs();
    BindOutputs();
    if (model().shrink_arena()) {
      run_options_.AddConfigEntry(
          "memory.enable_memory_arena_shrinkage",
          std::string(*model().config().parameters.Find("memory.enable_memory_arena_shrinkage")).c_str());
    }
    return {};
  }

  Status Execute(Execution& execution) {
    NESO_RETURN_IF_ERROR(execution.CheckBatchSize(name()));
    Status collected;
    NESO_RETURN_IF_ERROR(TryOrt([&] { collected = CollectInputs(execution.requests()); }));
    if (!collected.ok()) return collected;
    ChooseOutputs(execution.requests());
    execution.ComputeStart();
    const bool stays_on_gpu = PlaceOutputs(execution.requests());
    NESO_RETURN_IF_ERROR(TryOrt([&] { stays_on_gpu ? RunBound() : Run(); }));
    execution.ComputeEnd();
    return SendOutputs(execution);
  }

 private:
  Status UseGpu() {
    NESO_RETURN_IF_ERROR(TryOrt([&] { gpu_run_ = std::make_unique<GpuRun>(*session_, device_id()); }));
    NESO_ASSIGN_OR_RETURN(TRITONBACKEND_MemoryManager* const memory, model().backend().MemoryManager());
    collector_->UseGpu(device_id(), memory);
    return {};
  }

  // Where one of the model's inputs comes from.
  struct InputSource {
    const TensorDescription* tensor;
    const BatchInputConfig* batch_input;  // null: from the requests
    bool scalar;                          // ones in the configuration, no dimension in the model
  };
  struct OutputTarget {
    const TensorDescription* tensor;
    const TensorConfig* config;  // null: a state only
    bool is_state;
  };
  // One that the present execution computes.
  struct RunOutput {
    const OutputTarget* target;
    backend::Place place;
  };

  // What the model needs, and the initializers that the configuration lists, so that requests may override them.
  void BindInputs() {
    std::vector<const TensorDescription*> tensors;
    for (const TensorDescription& tensor : description_.inputs) tensors.push_back(&tensor);
    for (const TensorDescription& tensor : description_.initializers) {
      if (model().config().FindInput(tensor.name) != nullptr) tensors.push_back(&tensor);
    }
    for (const TensorDescription* tensor : tensors) {
      InputSource source{.tensor = tensor, .batch_input = nullptr, .scalar = tensor->shape.empty()};
      for (const BatchInputConfig& batch_input : model().config().batch_inputs) {
        for (const std::string& target : batch_input.targets) {
          if (target == tensor->name) source.batch_input = &batch_input;
        }
      }
      sources_.push_back(source);
    }
  }

  // Outputs that the configuration lists, and those that update states.
  void BindOutputs() {
    for (const TensorDescription& tensor : description_.outputs) {
      const TensorConfig* const config = model().config().FindOutput(tensor.name);
      bool is_state = false;
      for (const backend::StateConfig& state : model().config().states) {
        is_state = is_state || state.output_name == tensor.name;
      }
      if (config != nullptr || is_state) served_outputs_.push_back({&tensor, config, is_state});
    }
  }

  Status CollectInputs(std::span<Request> requests) {
    inputs_.clear();
    input_names_.clear();
    for (const InputSource& source : sources_) {
      NESO_ASSIGN_OR_RETURN(Ort::Value value, CollectInput(source, requests));
      if (!value) continue;
      inputs_.push_back(std::move(value));
      input_names_.push_back(source.tensor->name.c_str());
    }
    return {};
  }

  // No value: an optional input that nobody gave.
  Result<Ort::Value> CollectInput(const InputSource& source, std::span<Request> requests) {
    if (source.batch_input != nullptr) {
      NESO_ASSIGN_OR_RETURN(const BatchTensor* const tensor,
                            collector_->CollectBatchInput(*source.batch_input, requests));
      return MakeInput(source, *tensor);
    }
    if (source.tensor->onnx_type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
      NESO_ASSIGN_OR_RETURN(const backend::BatchStrings strings,
                            backend::CollectStrings(*collector_, source.tensor->name, requests));
      return strings.tensor == nullptr ? Ort::Value(nullptr) : MakeStrings(source, strings);
    }
    NESO_ASSIGN_OR_RETURN(const BatchTensor* const tensor, collector_->Collect(source.tensor->name, requests));
    return tensor == nullptr ? Ort::Value(nullptr) : MakeInput(source, *tensor);
  }

  static size_t RankOf(const InputSource& source, const BatchTensor& tensor) {
    return source.scalar ? 0 : tensor.shape.size();
  }

  Ort::Value MakeInput(const InputSource& source, const BatchTensor& tensor) const {
    // The runtime reads inputs only; its interface has no const tensors.
    static std::byte nothing[1];
    auto* data = tensor.data == nullptr ? nothing : const_cast<std::byte*>(tensor.data);
    const Ort::MemoryInfo& memory = tensor.place.on_gpu() ? gpu_run_->memory() : cpu_memory_;
    return Ort::Value::CreateTensor(memory, data, tensor.byte_size, tensor.shape.data(), RankOf(source, tensor),
                                    source.tensor->onnx_type);
  }

  static Ort::Value MakeStrings(const InputSource& source, const backend::BatchStrings& strings) {
    const Ort::AllocatorWithDefaultOptions allocator;
    const BatchTensor& tensor = *strings.tensor;
    Ort::Value value = Ort::Value::CreateTensor(allocator, tensor.shape.data(), RankOf(source, tensor),
                                                ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
    for (size_t i = 0; i < strings.elements.size(); ++i) {
      const std::string_view element = strings.elements[i];
      char* to = value.GetResizedStringTensorElementBuffer(i, element.size());
      if (!element.empty()) std::memcpy(to, element.data(), element.size());
    }
    return value;
  }

  // Computes what some request wants, and all states.
  void ChooseOutputs(std::span<Request> requests) {
    run_outputs_.clear();
    output_names_.clear();
    for (const OutputTarget& output : served_outputs_) {
      const std::string& name = output.tensor->name;
      bool wanted = output.is_state || served_outputs_.size() == 1;
      for (size_t i = 0; i < requests.size() && !wanted; ++i) {
        wanted = requests[i].requested_output_count() >= model().config().outputs.size() || requests[i].Wants(name);
      }
      if (!wanted) continue;
      run_outputs_.push_back({&output, backend::Place::Cpu()});
      output_names_.push_back(name.c_str());
    }
    outputs_.clear();
    for (size_t i = 0; i < run_outputs_.size(); ++i) outputs_.emplace_back(nullptr);
  }

  void Run() {
    session_->Run(run_options_, input_names_.data(), inputs_.data(), inputs_.size(), output_names_.data(),
                  outputs_.data(), outputs_.size());
  }

  // Which outputs stay on the GPU; whether any does.
  bool PlaceOutputs(std::span<Request> requests) {
    bool any = false;
    for (RunOutput& output : run_outputs_) {
      if (gpu_run_ == nullptr || !IsWantedOnGpu(*output.target, requests)) continue;
      output.place = backend::Place::Gpu(device_id());
      any = true;
    }
    return any;
  }

  void RunBound() {
    gpu_run_->Begin();
    for (size_t i = 0; i < inputs_.size(); ++i) gpu_run_->AddInput(input_names_[i], inputs_[i]);
    for (size_t i = 0; i < run_outputs_.size(); ++i) {
      gpu_run_->AddOutput(output_names_[i], run_outputs_[i].place.on_gpu());
    }
    outputs_ = gpu_run_->Run(run_options_);
  }

  // Where some client wants it there, and states, which come back as inputs. Strings are always the host's.
  bool IsWantedOnGpu(const OutputTarget& output, std::span<Request> requests) const {
    if (output.tensor->datatype == TRITONSERVER_TYPE_BYTES) return false;
    if (output.is_state) return true;
    return std::ranges::any_of(requests, [&](const Request& request) {
      return request.PlaceOf(output.tensor->name.c_str()) == backend::Place::Gpu(device_id());
    });
  }

  Status SendOutputs(Execution& execution) {
    OutputResponder responder(execution);
    NESO_RETURN_IF_ERROR(TryOrt([&] {
      for (size_t i = 0; i < outputs_.size(); ++i) AddOutput(run_outputs_[i], outputs_[i], responder);
    }));
    responder.Send();
    outputs_.clear();
    inputs_.clear();
    return {};
  }

  static void AddOutput(const RunOutput& output, const Ort::Value& value, OutputResponder& responder) {
    const TensorDescription& tensor = *output.target->tensor;
    const auto info = value.GetTensorTypeAndShapeInfo();
    std::vector<int64_t> shape = info.GetShape();
    if (tensor.shape.empty() && shape.empty() && output.target->config != nullptr) {
      shape = output.target->config->backend_dims();
    }
    const size_t elements = info.GetElementCount();
    if (tensor.datatype != TRITONSERVER_TYPE_BYTES) {
      const void* data = elements == 0 ? nullptr : value.GetTensorRawData();
      responder.Add(tensor.name, tensor.datatype, shape, data, elements * backend::ByteSize(tensor.datatype),
                    output.place);
      return;
    }
    std::vector<std::string> texts;
    texts.reserve(elements);
    for (size_t i = 0; i < elements; ++i) texts.push_back(value.GetStringTensorElement(i));
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    responder.AddStrings(tensor.name, shape, views);
  }

  SharedSession session_;
  ModelDescription description_;
  std::unique_ptr<GpuRun> gpu_run_;  // null on the CPU
  std::unique_ptr<InputCollector> collector_;
  std::vector<InputSource> sources_;
  std::vector<OutputTarget> served_outputs_;
  Ort::RunOptions run_options_;
  const Ort::MemoryInfo cpu_memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);

  // Of the present execution; kept for their capacity.
  std::vector<Ort::Value> inputs_;
  std::vector<const char*> input_names_;
  std::vector<RunOutput> run_outputs_;
  std::vector<Ort::Value> outputs_;
  std::vector<const char*> output_names_;
};

}  // namespace neso::onnxruntime

NESO_BACKEND(neso::onnxruntime::OnnxModel, neso::onnxruntime::OnnxInstance)
