#include "torchscript.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/jit/ir/alias_analysis.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/tensorexpr_fuser.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <utility>

#include "gpu.h"
#include "tensors.h"
#include "threads.h"
#include "torch_call.h"

namespace neso::pytorch {
namespace {

using torch::jit::Module;

ForwardArgument Describe(const c10::Argument& argument) {
  using Kind = ForwardArgument::Kind;
  ForwardArgument described{.name = argument.name(), .kind = Kind::kOther, .type = argument.type()->str()};
  switch (argument.type()->kind()) {
    case c10::TypeKind::TensorType: described.kind = Kind::kTensor; break;
    case c10::TypeKind::ListType: described.kind = Kind::kList; break;
    case c10::TypeKind::DictType: described.kind = Kind::kDictionary; break;
    default: break;
  }
  return described;
}

std::vector<ForwardArgument> DescribeArguments(const Module& module) {
  std::vector<ForwardArgument> described;
  const c10::FunctionSchema& schema = module.get_method("forward").function().getSchema();
  for (const c10::Argument& argument : schema.arguments()) {
    const bool is_self = described.empty() && argument.type()->kind() == c10::TypeKind::ClassType;
    if (!is_self) described.push_back(Describe(argument));
  }
  return described;
}

// Whether the code may write to what it is called with. That memory is the client's, or an ensemble's.
bool WritesToArguments(const Module& module) {
  const std::shared_ptr<torch::jit::Graph> graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  const torch::jit::AliasDb aliases(graph);
  for (const torch::jit::Value* const input : graph->inputs().slice(1)) {  // after self
    if (aliases.hasWriters(input)) return true;
  }
  return false;
}

void SetSwitches(const Options& options) {
  at::globalContext().setUserEnabledCuDNN(options.cudnn);
  if (options.jit_profiling) torch::jit::getProfilingMode() = *options.jit_profiling;
  if (options.jit_executor) torch::jit::getExecutorMode() = *options.jit_executor;
  if (options.tensor_fuser) torch::jit::setTensorExprFuserEnabled(*options.tensor_fuser);
}

bool IsText(const c10::IValue& value) {
  return value.isList() && value.toList().elementType()->kind() == c10::TypeKind::StringType;
}

void AddResult(c10::IValue value, std::vector<c10::IValue>& results) {
  TORCH_CHECK(value.isTensor() || IsText(value),
              "output must be of type Tensor, List[str] or Tuple containing one of these two types. It should not be a "
              "List / Dictionary of Tensors or a Scalar");
  results.push_back(std::move(value));
}

std::vector<c10::IValue> FlattenResult(c10::IValue value) {
  std::vector<c10::IValue> results;
  if (value.isTuple()) {
    for (const c10::IValue& element : value.toTupleRef().elements()) AddResult(element, results);
  } else {
    AddResult(std::move(value), results);
  }
  return results;
}

class LoadedModule final : public TorchScript {
 public:
  LoadedModule(const Options& options, c10::Device device, Module module)
      : options_(options),
        device_(device),
        returns_memory_(device),
        module_(std::move(module)),
        arguments_(DescribeArguments(module_)),
        writes_to_arguments_(WritesToArguments(module_)) {}

  const std::vector<ForwardArgument>& arguments() const override { return arguments_; }

  Result<std::unique_ptr<Results>> Run(std::span<const Argument> arguments, bool as_dictionary,
                                       const std::string& failure) override {
    std::unique_ptr<Results> results;
    NESO_RETURN_IF_ERROR(TryTorch(failure, [&] {
      const ThreadShare share;
      SetSwitches(options_);
      const c10::InferenceMode inference_mode(options_.inference_mode);
      const at::NoGradGuard no_gradients;
      const torch::jit::GraphOptimizerEnabledGuard optimized(options_.optimized_execution);
      const std::optional<c10::impl::VirtualGuardImpl> guard = GuardOfDevice();
      results = MakeResults(FlattenResult(module_.forward(MakeInputs(arguments, as_dictionary))), failure);
      WaitFor(device_);
      if (options_.cache_cleaning) ReturnUnusedMemory(device_);
    }));
    return results;
  }

 private:
  std::optional<c10::impl::VirtualGuardImpl> GuardOfDevice() const {
    if (device_.is_cpu()) return std::nullopt;
    c10::impl::VirtualGuardImpl guard(device_.type());
    guard.setDevice(device_);
    return guard;
  }

  c10::IValue MakeInput(const Argument& argument) const {
    if (argument.datatype != TRITONSERVER_TYPE_BYTES) return MakeTensor(argument, device_, writes_to_arguments_);
    c10::List<std::string> texts;
    texts.reserve(argument.strings.size());
    for (const std::string_view text : argument.strings) texts.emplace_back(text);
    return texts;
  }

  std::vector<c10::IValue> MakeInputs(std::span<const Argument> arguments, bool as_dictionary) const {
    std::vector<c10::IValue> inputs;
    if (!as_dictionary) {
      for (const Argument& argument : arguments) inputs.push_back(MakeInput(argument));
      return inputs;
    }
    c10::Dict<std::string, at::Tensor> dictionary;
    for (const Argument& argument : arguments) {
      dictionary.insert(std::string(argument.key), MakeInput(argument).toTensor());
    }
    inputs.emplace_back(std::move(dictionary));
    return inputs;
  }

  const Options options_;
  const c10::Device device_;
  const ReturnsMemory returns_memory_;
  Module module_;
  const std::vector<ForwardArgument> arguments_;
  const bool writes_to_arguments_;
};

}  // namespace

Result<std::shared_ptr<TorchScript>> TorchScript::Load(const std::string& path, const std::string& model,
                                                       const Options& options, std::optional<int> gpu,
                                                       bool keep_devices) {
  std::shared_ptr<TorchScript> program;
  NESO_RETURN_IF_ERROR(TryTorch("failed to load model '" + model + "': ", [&] {
    const c10::InferenceMode inference_mode(options.inference_mode);
    const c10::Device device =
        gpu ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(*gpu)) : c10::Device(c10::kCPU);
    const std::optional<c10::Device> where = keep_devices ? std::optional<c10::Device>() : device;
    program = std::make_shared<LoadedModule>(options, device, torch::jit::load(path, where));
  }));
  return program;
}

}  // namespace neso::pytorch
