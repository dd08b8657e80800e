#include "grpc/infer_request.h"

#include "common/request_parameter.h"

namespace triton {
namespace client {
namespace {

using ParameterMap = google::protobuf::Map<std::string, inference::InferParameter>;

Error AddCustomParameter(ParameterMap* parameters, const RequestParameter& parameter) {
  switch (KindOf(parameter)) {
    case ParameterKind::kString: (*parameters)[parameter.name].set_string_param(parameter.value); break;
    case ParameterKind::kBool: (*parameters)[parameter.name].set_bool_param(parameter.value == "true"); break;
    case ParameterKind::kInt: {
      int64_t value;
      if (Error error = ReadInt(&value, parameter); !error.IsOk()) return error;
      (*parameters)[parameter.name].set_int64_param(value);
      break;
    }
    case ParameterKind::kUnknown: break;
  }
  return Error::Success;
}

Error AddParameters(ParameterMap* parameters, const InferOptions& options) {
  if (options.sequence_id_ != 0 || !options.sequence_id_str_.empty()) {
    if (options.sequence_id_ != 0)
      (*parameters)["sequence_id"].set_int64_param(static_cast<int64_t>(options.sequence_id_));
    else
      (*parameters)["sequence_id"].set_string_param(options.sequence_id_str_);
    (*parameters)["sequence_start"].set_bool_param(options.sequence_start_);
    (*parameters)["sequence_end"].set_bool_param(options.sequence_end_);
  }
  if (options.priority_ != 0) (*parameters)["priority"].set_uint64_param(options.priority_);
  if (options.server_timeout_ != 0)
    (*parameters)["timeout"].set_int64_param(static_cast<int64_t>(options.server_timeout_));
  (*parameters)["triton_enable_empty_final_response"].set_bool_param(options.triton_enable_empty_final_response_);
  for (const auto& [key, parameter] : options.request_parameters) {
    if (Error error = AddCustomParameter(parameters, parameter); !error.IsOk()) return error;
  }
  return Error::Success;
}

template <typename Tensor>
void AddRegion(ParameterMap* parameters, const Tensor& tensor) {
  std::string region;
  size_t byte_size = 0, offset = 0;
  tensor.SharedMemoryInfo(&region, &byte_size, &offset);
  (*parameters)["shared_memory_region"].set_string_param(region);
  (*parameters)["shared_memory_byte_size"].set_int64_param(static_cast<int64_t>(byte_size));
  if (offset != 0) (*parameters)["shared_memory_offset"].set_int64_param(static_cast<int64_t>(offset));
}

void AddInput(inference::ModelInferRequest* request, const InferInput& input) {
  auto* tensor = request->add_inputs();
  tensor->set_name(input.Name());
  tensor->set_datatype(input.Datatype());
  tensor->mutable_shape()->Add(input.Shape().begin(), input.Shape().end());
  if (input.IsSharedMemory()) {
    AddRegion(tensor->mutable_parameters(), input);
    return;
  }
  size_t byte_size;
  input.ByteSize(&byte_size);
  std::string* content = request->add_raw_input_contents();
  content->reserve(byte_size);
  for (const auto& [data, size] : input.RawPieces()) content->append(reinterpret_cast<const char*>(data), size);
}

void AddOutput(inference::ModelInferRequest* request, const InferRequestedOutput& output) {
  auto* tensor = request->add_outputs();
  tensor->set_name(output.Name());
  if (output.ClassificationCount() != 0) {
    (*tensor->mutable_parameters())["classification"].set_int64_param(
        static_cast<int64_t>(output.ClassificationCount()));
  }
  if (output.IsSharedMemory()) AddRegion(tensor->mutable_parameters(), output);
}

// Before anything is copied.
Error CheckSize(size_t byte_size) {
  if (byte_size <= static_cast<size_t>(MAX_GRPC_MESSAGE_SIZE)) return Error::Success;
  return Error("Request has byte size " + std::to_string(byte_size) + " which exceed gRPC's byte size limit " +
               std::to_string(MAX_GRPC_MESSAGE_SIZE) + ".");
}

}  // namespace

Error FillInferRequest(inference::ModelInferRequest* request, const InferOptions& options,
                       const std::vector<InferInput*>& inputs,
                       const std::vector<const InferRequestedOutput*>& outputs) {
  size_t tensor_bytes = 0;
  for (const InferInput* input : inputs) {
    size_t byte_size;
    input->ByteSize(&byte_size);
    tensor_bytes += byte_size;
  }
  if (Error error = CheckSize(tensor_bytes); !error.IsOk()) return error;
  request->set_model_name(options.model_name_);
  request->set_model_version(options.model_version_);
  request->set_id(options.request_id_);
  if (Error error = AddParameters(request->mutable_parameters(), options); !error.IsOk()) return error;
  for (const InferInput* input : inputs) AddInput(request, *input);
  for (const InferRequestedOutput* output : outputs) AddOutput(request, *output);
  return CheckSize(request->ByteSizeLong());
}

}  // namespace client
}  // namespace triton
