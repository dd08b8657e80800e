// The PyTorch backend: libtriton_pytorch.so.
//
// Each instance runs on one thread, its own: PyTorch keeps memory for each thread that has called it (kernels of oneDNN,
// teams of OpenMP), so a model must not wander.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "model.h"

namespace neso::pytorch {

using backend::BatchTensor;
using backend::Execution;
using backend::Instance;
using backend::OutputResponder;
using backend::Request;

class PyTorchInstance final : public Instance<PyTorchModel> {
 public:
  // As wide as the vectors that kernels load.
  static constexpr size_t CollectorAlignment() { return 16; }

  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(served_, model().Serve(*this));
    failure_ = model().is_package() ? "Inductor model instance \"" + name() + "\" execution failure: "
                                    : "PyTorch execute failure: ";
    return {};
  }

  Status Execute(Execution& execution) {
    NESO_RETURN_IF_ERROR(execution.CheckBatchSize(name()));
    std::vector<Argument> arguments(served_.binding.inputs.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      NESO_RETURN_IF_ERROR(Collect(served_.binding.inputs[i], execution.requests(), arguments[i]));
    }
    execution.ComputeStart();
    NESO_ASSIGN_OR_RETURN(const std::unique_ptr<Results> results,
                          served_.program->Run(arguments, served_.binding.as_dictionary, failure_));
    execution.ComputeEnd();
    OutputResponder responder(execution);
    for (const OutputBinding& output : served_.binding.outputs) NESO_RETURN_IF_ERROR(Add(output, *results, responder));
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

  Status WrongDatatype(const OutputBinding& output, DataType provided) const {
    if (model().is_package()) {
      return Status::Internal("Inductor model instance \"", name(), "\" output tensor \"", output.name,
                              "\" has datatype ", backend::ConfigName(provided), " but model configuration expects ",
                              backend::ConfigName(output.datatype), ".");
    }
    return Status::InvalidArg("configuration expects datatype ", backend::ConfigName(output.datatype), " for output '",
                              output.name, "', model provides ", backend::ConfigName(provided));
  }

  Status Add(const OutputBinding& output, Results& results, OutputResponder& responder) const {
    if (output.index >= results.size()) {
      return Status::InvalidArg("The output ", output.name,
                                " in the model configuration refers to an output index which doesn't exist. This model "
                                "has ",
                                results.size(), " outputs");
    }
    NESO_ASSIGN_OR_RETURN(const Value value, results.At(output.index));
    if (value.datatype != output.datatype) return WrongDatatype(output, value.datatype);
    if (value.shape.empty())
      return Status::InvalidArg("output '", output.name, "' is a scalar which is not supported.");
    if (value.datatype == TRITONSERVER_TYPE_BYTES) {
      responder.AddStrings(output.name, value.shape, value.strings);
    } else {
      responder.Add(output.name, value.datatype, value.shape, value.data, value.byte_size);
    }
    return {};
  }

  Served served_;
  std::string failure_;                        // what stands before PyTorch's own words
  std::vector<std::vector<std::byte>> bytes_;  // of the present execution's strings
};

}  // namespace neso::pytorch

NESO_BACKEND_WITH_TRAITS(neso::pytorch::PyTorchModel, neso::pytorch::PyTorchInstance, 0)
