// TRITONBACKEND_* functions about requests.
#include "backend/backend_api.h"
#include "backend/execution_scope.h"
#include "core/trace.h"

namespace neso {
namespace {

Status CheckRequestIndex(const InferenceRequest& request, uint32_t index, size_t count, const char* what) {
  const Status status = CheckIndex(index, count, "request has", what);
  return status.ok() ? status : Status(status.code(), request.LogPrefix() + status.message());
}

}  // namespace
}  // namespace neso

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_RequestId(TRITONBACKEND_Request* request, const char** id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, id);
    *id = AsRequest(request).id().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestIsCancelled(TRITONBACKEND_Request* request, bool* is_cancelled) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, is_cancelled);
    *is_cancelled = AsRequest(request).IsCancelled();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestCorrelationId(TRITONBACKEND_Request* request, uint64_t* id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, id);
    const CorrelationId& correlation_id = AsRequest(request).correlation_id();
    if (correlation_id.is_text()) {
      return InvalidArg("{}correlation ID in request is not an unsigned int", AsRequest(request).LogPrefix());
    }
    *id = correlation_id.number();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestCorrelationIdString(TRITONBACKEND_Request* request, const char** id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, id);
    const CorrelationId& correlation_id = AsRequest(request).correlation_id();
    if (!correlation_id.is_text()) {
      return InvalidArg("{}correlation ID in request is not a string", AsRequest(request).LogPrefix());
    }
    *id = correlation_id.text().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_InferenceRequestTimeoutMicroseconds(TRITONBACKEND_Request* request,
                                                                      uint64_t* timeout) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, timeout);
    *timeout = AsRequest(request).timeout_us();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestFlags(TRITONBACKEND_Request* request, uint32_t* flags) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, flags);
    *flags = AsRequest(request).flags();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestParameterCount(TRITONBACKEND_Request* request, uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, count);
    *count = static_cast<uint32_t>(AsRequest(request).parameters().size());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestParameter(TRITONBACKEND_Request* request, const uint32_t index,
                                                   const char** key, TRITONSERVER_ParameterType* type,
                                                   const void** vvalue) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, key, type, vvalue);
    const std::span<const NamedParameter> parameters = AsRequest(request).parameters();
    RETURN_IF_ERROR(CheckIndex(index, parameters.size(), "request has", "parameters"));
    *key = parameters[index].name.c_str();
    *type = parameters[index].type();
    *vvalue = parameters[index].data();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestInputCount(TRITONBACKEND_Request* request, uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, count);
    *count = static_cast<uint32_t>(AsRequest(request).inputs().size());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestInputName(TRITONBACKEND_Request* request, const uint32_t index,
                                                   const char** input_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, input_name);
    *input_name = nullptr;
    const std::span<const Input> inputs = std::as_const(AsRequest(request)).inputs();
    RETURN_IF_ERROR(CheckRequestIndex(AsRequest(request), index, inputs.size(), "inputs"));
    *input_name = inputs[index].name().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestInput(TRITONBACKEND_Request* request, const char* name,
                                               TRITONBACKEND_Input** input) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, name, input);
    *input = AsRequest(request).FindInput(name);
    if (*input != nullptr) return {};
    return InvalidArg("{}unknown request input name {}", AsRequest(request).LogPrefix(), name);
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestInputByIndex(TRITONBACKEND_Request* request, const uint32_t index,
                                                      TRITONBACKEND_Input** input) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, input);
    *input = nullptr;
    const std::span<Input> inputs = AsRequest(request).inputs();
    RETURN_IF_ERROR(CheckRequestIndex(AsRequest(request), index, inputs.size(), "inputs"));
    *input = &inputs[index];
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestOutputCount(TRITONBACKEND_Request* request, uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, count);
    *count = static_cast<uint32_t>(AsRequest(request).outputs().size());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestOutputName(TRITONBACKEND_Request* request, const uint32_t index,
                                                    const char** output_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, output_name);
    *output_name = nullptr;
    const std::span<const std::string> outputs = AsRequest(request).outputs();
    RETURN_IF_ERROR(CheckRequestIndex(AsRequest(request), index, outputs.size(), "requested outputs"));
    *output_name = outputs[index].c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestOutputBufferProperties(TRITONBACKEND_Request* request, const char* name,
                                                                size_t* byte_size, TRITONSERVER_MemoryType* memory_type,
                                                                int64_t* memory_type_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, memory_type, memory_type_id);
    const ResponseFactory& factory = AsRequest(request).response_factory();
    if (factory.allocator() == nullptr || factory.allocator()->query == nullptr) {
      return Unavailable("{}Output properties are not available", AsRequest(request).LogPrefix());
    }
    MemoryType type = FromApi(*memory_type);
    RETURN_IF_ERROR(factory.QueryPlacement(name, byte_size, &type, memory_type_id));
    *memory_type = ToApi(type);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestRelease(TRITONBACKEND_Request* request, uint32_t release_flags) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request);
    ExecutionScope::NoteReleased(&AsRequest(request));
    // A request that comes again answers later. Only those of iterative sequences do; others are released for good.
    const bool comes_again = (release_flags & TRITONSERVER_REQUEST_RELEASE_RESCHEDULE) != 0 &&
                             AsRequest(request).model()->config().sequence_batching().iterative_sequence();
    if (!comes_again) {
      ResponseFactory::DropAnswerer(AsRequest(request).shared_response_factory());
      release_flags |= TRITONSERVER_REQUEST_RELEASE_ALL;
    }
    InferenceRequest::Release(std::unique_ptr<InferenceRequest>(&AsRequest(request)), release_flags);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_RequestTrace(TRITONBACKEND_Request* request, TRITONSERVER_InferenceTrace** trace) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, trace);
    *trace = AsRequest(request).trace();
    return {};
  });
}
