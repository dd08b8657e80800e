// The PyTorch backend: libtriton_pytorch.so.
//
// Each instance runs on one thread, its own: PyTorch keeps memory for each thread that has called it (kernels of oneDNN,
// teams of OpenMP), so a model must not wander.
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "naming.h"
#include "neso/backend/backend.h"
#include "neso/backend/json.h"
#include "options.h"
#include "threads.h"
#include "torchscript.h"

namespace neso::pytorch {

using backend::BatchTensor;
using backend::Execution;
using backend::Instance;
using backend::Model;
using backend::OutputResponder;
using backend::Request;

class PyTorchModel final : public Model {
 public:
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes) {
    return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, true);
  }

  Status Initialize() {
    if (auto_complete()) {
      NESO_LOG_WARNING("skipping model configuration auto-complete for '", name(),
                       "': not supported for pytorch backend");
    }
    NESO_ASSIGN_OR_RETURN(options_, ReadOptions(config().parameters));
    NESO_ASSIGN_OR_RETURN(const rapidjson::Document document, ConfigDocument());
    controls_ = ReadControls(document);
    SetThreadCounts(options_.intra_op_threads, options_.inter_op_threads);
    return {};
  }

  // The module an instance runs: its own, or that of all on its device.
  Result<std::shared_ptr<TorchScript>> ProgramFor(const backend::InstanceBase& instance) {
    if (!options_.weight_sharing) return Load(instance);
    const std::lock_guard lock(mutex_);
    std::optional<int> device;
    if (instance.kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) device = instance.device_id();
    for (const auto& [shared_device, program] : shared_) {
      if (shared_device != device) continue;
      if (std::shared_ptr<TorchScript> alive = program.lock()) {
        NESO_LOG_INFO("Reusing TorchScript model for instance '", instance.name(), "'");
        return alive;
      }
    }
    Result<std::shared_ptr<TorchScript>> loaded = Load(instance);
    if (loaded) shared_.emplace_back(device, *loaded);
    return loaded;
  }

  const std::vector<std::string>& controls() const { return controls_; }

 private:
  static std::vector<std::string> ReadControls(const rapidjson::Document& document) {
    std::vector<std::string> names;
    if (const rapidjson::Value* sequences = backend::FindMember(document, "sequence_batching")) {
      backend::internal::ForEach(*sequences, "control_input",
                                 [&](const auto& control) { names.push_back(backend::StringOr(control, "name")); });
    }
    return names;
  }

  Result<std::shared_ptr<TorchScript>> Load(const backend::InstanceBase& instance) const {
    const std::string& file = config().default_model_filename;
    const std::string path = version_path() + "/" + (file.empty() ? "model.pt" : file);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) {
      return Status::Unavailable("unable to find '", path, "' for model instance '", instance.name(), "'");
    }
    std::optional<int> gpu;
    if (instance.kind() == TRITONSERVER_INSTANCEGROUPKIND_GPU) gpu = instance.device_id();
    return TorchScript::Load(path, name(), options_, gpu, instance.kind() == TRITONSERVER_INSTANCEGROUPKIND_MODEL);
  }

  Options options_;
  std::vector<std::string> controls_;
  std::mutex mutex_;  // held while a shared module is loaded: who wants it waits for it anyway
  std::vector<std::pair<std::optional<int>, std::weak_ptr<TorchScript>>> shared_;  // by GPU; none: the CPU's
};

class PyTorchInstance final : public Instance<PyTorchModel> {
 public:
  // As wide as the vectors that kernels load.
  static constexpr size_t CollectorAlignment() { return 16; }

  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(program_, model().ProgramFor(*this));
    NESO_ASSIGN_OR_RETURN(binding_, BindTorchScript(program_->arguments(), model().config(), model().controls()));
    return {};
  }

  Status Execute(Execution& execution) {
    const backend::ModelConfig& config = model().config();
    if (config.batches() && execution.batch_size() > config.max_batch_size) {
      return Status::Internal("batch size ", execution.batch_size(), " for '", name(), "', max allowed is ",
                              config.max_batch_size);
    }
    std::vector<Argument> arguments(binding_.inputs.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      NESO_RETURN_IF_ERROR(Collect(binding_.inputs[i], execution.requests(), arguments[i]));
    }
    execution.ComputeStart();
    NESO_ASSIGN_OR_RETURN(const std::unique_ptr<Results> results, program_->Run(arguments, binding_.as_dictionary));
    execution.ComputeEnd();
    OutputResponder responder(execution);
    for (const OutputBinding& output : binding_.outputs) NESO_RETURN_IF_ERROR(Add(output, *results, responder));
    responder.Send();
    return {};
  }

 private:
  Status Collect(const InputBinding& input, std::span<Request> requests, Argument& argument) {
    argument.key = input.name;
    if (input.datatype == TRITONSERVER_TYPE_BYTES) return CollectStrings(input, requests, argument);
    NESO_ASSIGN_OR_RETURN(const BatchTensor* const tensor,
                          input.batch_input == nullptr ? collector().Collect(input.name, requests)
                                                       : collector().CollectBatchInput(*input.batch_input, requests));
    if (tensor == nullptr) return Status::InvalidArg("input '", input.name, "' is needed by the model");
    argument.datatype = tensor->datatype;
    argument.shape = tensor->shape;
    argument.data = tensor->data;
    return {};
  }

  // One list of all requests' strings. A request whose bytes are no strings gets an error, and empty ones in the list.
  Status CollectStrings(const InputBinding& binding, std::span<Request> requests, Argument& argument) {
    argument.datatype = TRITONSERVER_TYPE_BYTES;
    bytes_.resize(requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      NESO_ASSIGN_OR_RETURN(const backend::Input input, requests[i].input(binding.name.c_str()));
      const auto count = static_cast<size_t>(std::max<int64_t>(backend::ElementCount(input.shape), 0));
      Result<std::vector<std::string_view>> texts = ReadStrings(input, count, bytes_[i]);
      if (!texts) requests[i].Fail(texts.status());
      const size_t before = argument.strings.size();
      if (texts) argument.strings.insert(argument.strings.end(), texts->begin(), texts->end());
      argument.strings.resize(before + count);
    }
    argument.shape = {static_cast<int64_t>(argument.strings.size())};
    return {};
  }

  static Result<std::vector<std::string_view>> ReadStrings(const backend::Input& input, size_t count,
                                                           std::vector<std::byte>& bytes) {
    bytes.resize(input.byte_size);
    NESO_RETURN_IF_ERROR(input.CopyTo(bytes));
    return backend::ReadStrings(bytes, count);
  }

  static Status Add(const OutputBinding& output, Results& results, OutputResponder& responder) {
    if (output.index >= results.size()) {
      return Status::InvalidArg("The output ", output.name,
                                " in the model configuration refers to an output index which doesn't exist. This model "
                                "has ",
                                results.size(), " outputs");
    }
    NESO_ASSIGN_OR_RETURN(const Value value, results.At(output.index));
    if (value.datatype != output.datatype) {
      return Status::InvalidArg("configuration expects datatype ", backend::ConfigName(output.datatype),
                                " for output '", output.name, "', model provides ",
                                backend::ConfigName(value.datatype));
    }
    if (value.shape.empty())
      return Status::InvalidArg("output '", output.name, "' is a scalar which is not supported.");
    if (value.datatype == TRITONSERVER_TYPE_BYTES) {
      responder.AddStrings(output.name, value.shape, value.strings);
    } else {
      responder.Add(output.name, value.datatype, value.shape, value.data, value.byte_size);
    }
    return {};
  }

  std::shared_ptr<TorchScript> program_;
  Binding binding_;
  std::vector<std::vector<std::byte>> bytes_;  // of the present execution's strings
};

}  // namespace neso::pytorch

NESO_BACKEND_WITH_TRAITS(neso::pytorch::PyTorchModel, neso::pytorch::PyTorchInstance, 0)
