#include "perf/in_process/local_request.h"

namespace neso::perf {
namespace {

Status AddInputs(const ServerLibrary& library, const TensorSet& tensors, TRITONSERVER_InferenceRequest* request) {
  for (const Tensor& input : tensors.inputs) {
    const char* const name = input.name.c_str();
    RETURN_IF_ERROR(library.StatusOf(library->InferenceRequestAddInput(
        request, name, library->StringToDataType(input.datatype.c_str()), input.shape.data(), input.shape.size())));
    RETURN_IF_ERROR(library.StatusOf(library->InferenceRequestAppendInputData(
        request, name, input.bytes.data(), input.bytes.size(), TRITONSERVER_MEMORY_CPU, 0)));
  }
  return {};
}

Status SetParameter(const ServerLibrary& library, const RequestParameter& parameter,
                    TRITONSERVER_InferenceRequest* request) {
  const char* const name = parameter.name.c_str();
  if (const auto* const text = std::get_if<std::string>(&parameter.value))
    return library.StatusOf(library->InferenceRequestSetStringParameter(request, name, text->c_str()));
  if (const auto* const number = std::get_if<int64_t>(&parameter.value))
    return library.StatusOf(library->InferenceRequestSetIntParameter(request, name, *number));
  return library.StatusOf(library->InferenceRequestSetBoolParameter(request, name, std::get<bool>(parameter.value)));
}

Status SetSequence(const ServerLibrary& library, const Turn& turn, TRITONSERVER_InferenceRequest* request) {
  if (turn.sequence == 0) return {};
  const uint32_t flags = (turn.starts ? uint32_t{TRITONSERVER_REQUEST_FLAG_SEQUENCE_START} : 0) |
                         (turn.ends ? uint32_t{TRITONSERVER_REQUEST_FLAG_SEQUENCE_END} : 0);
  RETURN_IF_ERROR(library.StatusOf(library->InferenceRequestSetCorrelationId(request, turn.sequence)));
  return library.StatusOf(library->InferenceRequestSetFlags(request, flags));
}

}  // namespace

Expected<LocalRequest> MakeLocalRequest(const LocalServer& server, const Options& options, const TensorSet& tensors,
                                        const Turn& turn) {
  const ServerLibrary& library = server.library();
  ASSIGN_OR_RETURN(const int64_t version, VersionNumber(options.version));
  TRITONSERVER_InferenceRequest* made = nullptr;
  RETURN_IF_ERROR(
      library.StatusOf(library->InferenceRequestNew(&made, server.handle(), options.model.c_str(), version)));
  LocalRequest request(made, {library});
  RETURN_IF_ERROR(AddInputs(library, tensors, made));
  RETURN_IF_ERROR(SetSequence(library, turn, made));
  for (const RequestParameter& parameter : options.parameters) RETURN_IF_ERROR(SetParameter(library, parameter, made));
  return request;
}

Status ErrorOf(const ServerLibrary& library, TRITONSERVER_InferenceResponse* response) {
  // The response keeps its error.
  TRITONSERVER_Error* const error = library->InferenceResponseError(response);
  return error == nullptr ? Status() : Unavailable("the server answers: {}", library->ErrorMessage(error));
}

Expected<std::vector<Tensor>> ReadOutputs(const ServerLibrary& library, TRITONSERVER_InferenceResponse* response) {
  uint32_t count = 0;
  RETURN_IF_ERROR(library.StatusOf(library->InferenceResponseOutputCount(response, &count)));
  std::vector<Tensor> outputs;
  for (uint32_t i = 0; i < count; i++) {
    const char* name = nullptr;
    TRITONSERVER_DataType datatype{};
    const int64_t* shape = nullptr;
    uint64_t dimensions = 0;
    const void* base = nullptr;
    size_t bytes = 0;
    TRITONSERVER_MemoryType memory{};
    int64_t device = 0;
    void* ours = nullptr;
    RETURN_IF_ERROR(library.StatusOf(library->InferenceResponseOutput(
        response, i, &name, &datatype, &shape, &dimensions, &base, &bytes, &memory, &device, &ours)));
    outputs.push_back({.name = name,
                       .datatype = library->DataTypeString(datatype),
                       .shape = std::vector<int64_t>(shape, shape + dimensions),
                       .bytes = std::string(static_cast<const char*>(base), bytes)});
  }
  return outputs;
}

}  // namespace neso::perf
