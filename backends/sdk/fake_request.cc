// The requests, inputs and responses of the fake server.
#include <utility>

#include "fake_server.h"
#include "neso/backend/text.h"

struct TRITONBACKEND_Response {
  TRITONBACKEND_Request* request;
  FakeResponse content;
};
struct TRITONBACKEND_ResponseFactory {
  TRITONBACKEND_Request* request;
};

namespace {

using neso::backend::Concat;

const TRITONBACKEND_Response* open_response = nullptr;  // the one whose outputs are being made

TRITONSERVER_Error* InvalidArg(const std::string& text) {
  return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INVALID_ARG, text.c_str());
}

void Require(bool kept, const std::string& rule) {
  if (!kept) FakeServer::violations().push_back(rule);
}

}  // namespace

TRITONBACKEND_Input MakeStringInput(std::string name, std::vector<int64_t> shape, std::vector<std::string> values) {
  TRITONBACKEND_Input input{std::move(name), TRITONSERVER_TYPE_BYTES, std::move(shape), {}};
  std::vector<std::byte>& bytes = input.pieces.emplace_back();
  for (const std::string& value : values) {
    const auto length = static_cast<uint32_t>(value.size());
    const size_t offset = bytes.size();
    bytes.resize(offset + sizeof(length) + length);
    std::memcpy(bytes.data() + offset, &length, sizeof(length));
    std::memcpy(bytes.data() + offset + sizeof(length), value.data(), length);
  }
  return input;
}

FakeRequest MakeRequest(std::vector<TRITONBACKEND_Input> inputs) {
  FakeRequest request;
  request.inputs = std::move(inputs);
  return request;
}

extern "C" {

// ---- Requests and inputs

TRITONSERVER_Error* TRITONBACKEND_RequestId(TRITONBACKEND_Request* request, const char** id) {
  *id = request->id.c_str();
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestIsCancelled(TRITONBACKEND_Request* request, bool* cancelled) {
  *cancelled = request->cancelled;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestCorrelationId(TRITONBACKEND_Request* request, uint64_t* id) {
  *id = request->correlation_id;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestCorrelationIdString(TRITONBACKEND_Request*, const char**) {
  return InvalidArg("the correlation ID is a number");
}
TRITONSERVER_Error* TRITONBACKEND_RequestFlags(TRITONBACKEND_Request* request, uint32_t* flags) {
  *flags = request->flags;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestTrace(TRITONBACKEND_Request* request, TRITONSERVER_InferenceTrace** trace) {
  *trace = request->trace;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestParameterCount(TRITONBACKEND_Request* request, uint32_t* count) {
  *count = static_cast<uint32_t>(request->parameters.size());
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestParameter(TRITONBACKEND_Request* request, const uint32_t index,
                                                   const char** key, TRITONSERVER_ParameterType* type,
                                                   const void** vvalue) {
  const auto& [name, value] = request->parameters.at(index);
  *key = name.c_str();
  *type = static_cast<TRITONSERVER_ParameterType>(value.index());
  if (const auto* text = std::get_if<std::string>(&value)) {
    *vvalue = text->c_str();
  } else {
    std::visit([&](const auto& number) { *vvalue = &number; }, value);
  }
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestInputCount(TRITONBACKEND_Request* request, uint32_t* count) {
  *count = static_cast<uint32_t>(request->inputs.size());
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestInputName(TRITONBACKEND_Request* request, const uint32_t index,
                                                   const char** name) {
  *name = request->inputs.at(index).name.c_str();
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestInputByIndex(TRITONBACKEND_Request* request, const uint32_t index,
                                                      TRITONBACKEND_Input** input) {
  if (index >= request->inputs.size()) return InvalidArg("no such input");
  *input = &request->inputs[index];
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestInput(TRITONBACKEND_Request* request, const char* name,
                                               TRITONBACKEND_Input** input) {
  Require(request->releases == 0, "an input was read after the request's release");
  for (TRITONBACKEND_Input& candidate : request->inputs) {
    if (candidate.name != name) continue;
    *input = &candidate;
    return nullptr;
  }
  return InvalidArg(Concat("unknown request input name ", name));
}
TRITONSERVER_Error* TRITONBACKEND_RequestOutputCount(TRITONBACKEND_Request* request, uint32_t* count) {
  *count = request->requested_outputs.empty() ? 1000 : static_cast<uint32_t>(request->requested_outputs.size());
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestOutputName(TRITONBACKEND_Request* request, const uint32_t index,
                                                    const char** name) {
  *name = request->requested_outputs.at(index).c_str();
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestOutputBufferProperties(TRITONBACKEND_Request* request, const char*, size_t*,
                                                                TRITONSERVER_MemoryType* type, int64_t* type_id) {
  *type = request->output_memory_type;
  *type_id = 0;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_RequestRelease(TRITONBACKEND_Request* request, uint32_t) {
  ++request->releases;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_InputProperties(TRITONBACKEND_Input* input, const char** name,
                                                  TRITONSERVER_DataType* datatype, const int64_t** shape,
                                                  uint32_t* dims_count, uint64_t* byte_size, uint32_t* buffer_count) {
  *name = input->name.c_str();
  *datatype = input->datatype;
  *shape = input->shape.data();
  *dims_count = static_cast<uint32_t>(input->shape.size());
  *byte_size = 0;
  for (const auto& piece : input->pieces) *byte_size += piece.size() - input->misalignment;
  *buffer_count = static_cast<uint32_t>(input->pieces.size());
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_InputBuffer(TRITONBACKEND_Input* input, const uint32_t index, const void** buffer,
                                              uint64_t* size, TRITONSERVER_MemoryType* type, int64_t* type_id) {
  *buffer = input->pieces.at(index).data() + input->misalignment;
  *size = input->pieces[index].size() - input->misalignment;
  *type = input->memory_type;
  *type_id = 0;
  return nullptr;
}

// ---- Responses

TRITONSERVER_Error* TRITONBACKEND_ResponseNew(TRITONBACKEND_Response** response, TRITONBACKEND_Request* request) {
  *response = new TRITONBACKEND_Response{request, {}};
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseDelete(TRITONBACKEND_Response* response) {
  delete response;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseSetStringParameter(TRITONBACKEND_Response* response, const char* name,
                                                             const char* value) {
  response->content.parameters[name] = std::string(value);
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseSetIntParameter(TRITONBACKEND_Response* response, const char* name,
                                                          const int64_t value) {
  response->content.parameters[name] = value;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseSetBoolParameter(TRITONBACKEND_Response* response, const char* name,
                                                           const bool value) {
  response->content.parameters[name] = value;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseSetDoubleParameter(TRITONBACKEND_Response* response, const char* name,
                                                             const double value) {
  response->content.parameters[name] = value;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseOutput(TRITONBACKEND_Response* response, TRITONBACKEND_Output** output,
                                                 const char* name, const TRITONSERVER_DataType datatype,
                                                 const int64_t* shape, const uint32_t dims_count) {
  Require(open_response == nullptr || open_response == response, "outputs of two responses are interleaved");
  open_response = response;
  *output = &response->content.outputs[name];
  (*output)->datatype = datatype;
  (*output)->shape.assign(shape, shape + dims_count);
  (*output)->memory_type = response->request->output_memory_type;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_OutputBuffer(TRITONBACKEND_Output* output, void** buffer, const uint64_t size,
                                               TRITONSERVER_MemoryType* type, int64_t* type_id) {
  output->bytes.resize(size);
  *buffer = size == 0 ? nullptr : output->bytes.data();
  *type = output->memory_type;
  *type_id = 0;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseSend(TRITONBACKEND_Response* response, const uint32_t flags,
                                               TRITONSERVER_Error* error) {
  TRITONBACKEND_Request* const request = response->request;
  Require(!request->ended, "a response was sent after the final one");
  if (open_response == response) open_response = nullptr;
  response->content.failed = error != nullptr;
  if (error != nullptr) {
    response->content.error = TRITONSERVER_ErrorMessage(error);
    response->content.outputs.clear();
  }
  response->content.final = (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0;
  request->ended = response->content.final;
  request->responses.push_back(std::move(response->content));
  delete response;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryNew(TRITONBACKEND_ResponseFactory** factory,
                                                     TRITONBACKEND_Request* request) {
  *factory = new TRITONBACKEND_ResponseFactory{request};
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryDelete(TRITONBACKEND_ResponseFactory* factory) {
  factory->request->ended = true;
  delete factory;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseFactorySendFlags(TRITONBACKEND_ResponseFactory* factory, const uint32_t) {
  factory->request->ended = true;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryIsCancelled(TRITONBACKEND_ResponseFactory* factory, bool* cancelled) {
  *cancelled = factory->request->cancelled;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ResponseNewFromFactory(TRITONBACKEND_Response** response,
                                                         TRITONBACKEND_ResponseFactory* factory) {
  return TRITONBACKEND_ResponseNew(response, factory->request);
}

// ---- State

TRITONSERVER_Error* TRITONBACKEND_StateNew(TRITONBACKEND_State** state, TRITONBACKEND_Request* request,
                                           const char* name, const TRITONSERVER_DataType datatype, const int64_t* shape,
                                           const uint32_t dims_count) {
  *state = request->open_states.emplace_back(std::make_shared<TRITONBACKEND_State>()).get();
  **state = {{datatype, {shape, shape + dims_count}, {}, TRITONSERVER_MEMORY_CPU}, name, request};
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_StateBuffer(TRITONBACKEND_State* state, void** buffer, const uint64_t size,
                                              TRITONSERVER_MemoryType* type, int64_t* type_id) {
  return TRITONBACKEND_OutputBuffer(&state->value, buffer, size, type, type_id);
}
TRITONSERVER_Error* TRITONBACKEND_StateUpdate(TRITONBACKEND_State* state) {
  state->request->states[state->name] = state->value;
  return nullptr;
}

}  // extern "C"
