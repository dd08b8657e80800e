// TRITONBACKEND_* functions about responses, their outputs and response factories.
#include "backend/backend_api.h"
#include "core/model.h"
#include "neso/backend/lend.h"

namespace neso {
namespace {

Status SetParameter(TRITONBACKEND_Response* response, const char* name, ParameterValue value) {
  REQUIRE_ARGUMENTS(response, name);
  AsResponse(response).AddParameter(name, std::move(value));
  return {};
}

TRITONBACKEND_Response* NewResponse(const std::shared_ptr<ResponseFactory>& factory) {
  std::unique_ptr<InferenceResponse> response = factory->CreateResponse(factory);
  factory->AddAnswerer();
  return response.release();
}

// The requester may have forgotten a request that has had its last response.
Status CheckNotFinal(const ResponseFactory& factory) {
  if (!factory.IsFinalSent()) return {};
  return Internal("model '{}' sends after the final response of a request", factory.model()->name());
}

void Describe(const Output& output, TRITONSERVER_DataType* datatype, const int64_t** shape, uint64_t* dim_count) {
  *datatype = ToApi(output.datatype());
  *shape = output.shape().data();
  *dim_count = output.shape().size();
}

}  // namespace
}  // namespace neso

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_OutputBuffer(TRITONBACKEND_Output* output, void** buffer,
                                               const uint64_t buffer_byte_size, TRITONSERVER_MemoryType* memory_type,
                                               int64_t* memory_type_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(output, buffer, memory_type, memory_type_id);
    MemoryType actual = FromApi(*memory_type);
    RETURN_IF_ERROR(
        AsOutput(output).AllocateBuffer(buffer, buffer_byte_size, actual, *memory_type_id, &actual, memory_type_id));
    *memory_type = ToApi(actual);
    return {};
  });
}

TRITONSERVER_Error* NESOBACKEND_OutputLend(TRITONBACKEND_Output* output, const void* memory, uint64_t byte_size,
                                           void (*give_back)(void* owner), void* owner, bool* taken) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(output, memory, reinterpret_cast<const void*>(give_back), taken);
    ASSIGN_OR_RETURN(*taken, AsOutput(output).LendBuffer(
                                 {.data = memory, .byte_size = byte_size, .give_back = give_back, .owner = owner}));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_OutputBufferAttributes(TRITONBACKEND_Output* output,
                                                         TRITONSERVER_BufferAttributes** buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(output, buffer_attributes);
    *buffer_attributes = &AsOutput(output).attributes();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryNew(TRITONBACKEND_ResponseFactory** factory,
                                                     TRITONBACKEND_Request* request) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(factory, request);
    *factory = new ResponseFactoryHandle(AsRequest(request).shared_response_factory());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryDelete(TRITONBACKEND_ResponseFactory* factory) {
  return ApiCall([&]() -> Status {
    delete static_cast<ResponseFactoryHandle*>(factory);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseFactorySendFlags(TRITONBACKEND_ResponseFactory* factory,
                                                           const uint32_t send_flags) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(factory);
    RETURN_IF_ERROR(CheckNotFinal(*AsFactory(factory).factory));
    AsFactory(factory).factory->SendFlags(send_flags);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseFactoryIsCancelled(TRITONBACKEND_ResponseFactory* factory,
                                                             bool* is_cancelled) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(factory, is_cancelled);
    *is_cancelled = AsFactory(factory).factory->IsCancelled();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseNew(TRITONBACKEND_Response** response, TRITONBACKEND_Request* request) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response, request);
    *response = NewResponse(AsRequest(request).shared_response_factory());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseNewFromFactory(TRITONBACKEND_Response** response,
                                                         TRITONBACKEND_ResponseFactory* factory) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response, factory);
    *response = NewResponse(AsFactory(factory).factory);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseDelete(TRITONBACKEND_Response* response) {
  return ApiCall([&]() -> Status {
    if (response == nullptr) return {};
    const std::shared_ptr<ResponseFactory> factory = AsResponse(response).factory();
    delete static_cast<InferenceResponse*>(response);
    ResponseFactory::DropAnswerer(factory);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseSetStringParameter(TRITONBACKEND_Response* response, const char* name,
                                                             const char* value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(value);
    return SetParameter(response, name, std::string(value));
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseSetIntParameter(TRITONBACKEND_Response* response, const char* name,
                                                          const int64_t value) {
  return ApiCall([&] { return SetParameter(response, name, value); });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseSetBoolParameter(TRITONBACKEND_Response* response, const char* name,
                                                           const bool value) {
  return ApiCall([&] { return SetParameter(response, name, value); });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseSetDoubleParameter(TRITONBACKEND_Response* response, const char* name,
                                                             const double value) {
  return ApiCall([&] { return SetParameter(response, name, value); });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseOutput(TRITONBACKEND_Response* response, TRITONBACKEND_Output** output,
                                                 const char* name, const TRITONSERVER_DataType datatype,
                                                 const int64_t* shape, const uint32_t dims_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response, output, name);
    if (dims_count > 0) REQUIRE_ARGUMENTS(shape);
    ASSIGN_OR_RETURN(*output, AsResponse(response).AddOutput(name, FromApi(datatype), {shape, dims_count}));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ResponseSend(TRITONBACKEND_Response* response, const uint32_t send_flags,
                                               TRITONSERVER_Error* error) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response);
    std::unique_ptr<InferenceResponse> taken(&AsResponse(response));
    const std::shared_ptr<ResponseFactory> factory = taken->factory();
    Status status = CheckNotFinal(*factory);
    if (status.ok()) InferenceResponse::Send(std::move(taken), send_flags, StatusOf(error));
    ResponseFactory::DropAnswerer(factory);
    return status;
  });
}

TRITONSERVER_Error* TRITONBACKEND_InferenceResponseOutputByName(TRITONBACKEND_Response* response, const char* name,
                                                                TRITONSERVER_DataType* datatype, const int64_t** shape,
                                                                uint64_t* dim_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response, name, datatype, shape, dim_count);
    for (const Output& output : AsResponse(response).outputs()) {
      if (output.name() != name) continue;
      Describe(output, datatype, shape, dim_count);
      return {};
    }
    return NotFound("Output name {}not found.", name);
  });
}

TRITONSERVER_Error* TRITONBACKEND_InferenceResponseOutput(TRITONBACKEND_Response* response, const uint32_t index,
                                                          const char** name, TRITONSERVER_DataType* datatype,
                                                          const int64_t** shape, uint64_t* dim_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response, name, datatype, shape, dim_count);
    const std::span<const Output> outputs = AsResponse(response).outputs();
    RETURN_IF_ERROR(CheckIndex(index, outputs.size(), "response has", "outputs"));
    *name = outputs[index].name().c_str();
    Describe(outputs[index], datatype, shape, dim_count);
    return {};
  });
}
