// Requests: inputs and requested outputs.
#include "capi/handles.h"
#include "core/request.h"
#include "neso/datatype.h"

using neso::ApiCall;
using neso::BufferAttributes;
using neso::RequestOf;
using neso::Status;

namespace {

Status AppendInputData(TRITONSERVER_InferenceRequest* request, const char* name, const void* base,
                       const BufferAttributes& attributes, const char* host_policy) {
  REQUIRE_ARGUMENTS(request, name, host_policy);
  if (base == nullptr && attributes.byte_size != 0) {
    return neso::InvalidArg("input '{}': null data of {} bytes", name, attributes.byte_size);
  }
  return RequestOf(request).AppendInputData(name, base, attributes, host_policy);
}

neso::Expected<BufferAttributes> AttributesFrom(size_t byte_size, TRITONSERVER_MemoryType memory_type,
                                                int64_t memory_type_id) {
  RETURN_IF_ERROR(neso::CheckMemoryType(memory_type));
  BufferAttributes attributes;
  attributes.byte_size = byte_size;
  attributes.memory_type = static_cast<neso::MemoryType>(memory_type);
  attributes.memory_type_id = memory_type_id;
  return attributes;
}

}  // namespace

TRITONSERVER_Error* TRITONSERVER_InferenceRequestAddInput(TRITONSERVER_InferenceRequest* inference_request,
                                                          const char* name, const TRITONSERVER_DataType datatype,
                                                          const int64_t* shape, uint64_t dim_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, name);
    if (shape == nullptr && dim_count != 0) return neso::InvalidArg("input '{}': null shape", name);
    if (!neso::IsDataType(datatype)) {
      return neso::InvalidArg("input '{}': unknown data-type {}", name, static_cast<int>(datatype));
    }
    return RequestOf(inference_request).AddInput(name, static_cast<neso::DataType>(datatype), {shape, dim_count});
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestAddRawInput(TRITONSERVER_InferenceRequest* inference_request,
                                                             const char* name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, name);
    return RequestOf(inference_request).AddRawInput(name);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestRemoveInput(TRITONSERVER_InferenceRequest* inference_request,
                                                             const char* name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, name);
    return RequestOf(inference_request).RemoveInput(name);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestRemoveAllInputs(TRITONSERVER_InferenceRequest* inference_request) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).RemoveAllInputs();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestAppendInputData(TRITONSERVER_InferenceRequest* inference_request,
                                                                 const char* name, const void* base, size_t byte_size,
                                                                 TRITONSERVER_MemoryType memory_type,
                                                                 int64_t memory_type_id) {
  return TRITONSERVER_InferenceRequestAppendInputDataWithHostPolicy(inference_request, name, base, byte_size,
                                                                    memory_type, memory_type_id, "");
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestAppendInputDataWithHostPolicy(
    TRITONSERVER_InferenceRequest* inference_request, const char* name, const void* base, size_t byte_size,
    TRITONSERVER_MemoryType memory_type, int64_t memory_type_id, const char* host_policy_name) {
  return ApiCall([&]() -> Status {
    ASSIGN_OR_RETURN(const BufferAttributes attributes, AttributesFrom(byte_size, memory_type, memory_type_id));
    return AppendInputData(inference_request, name, base, attributes, host_policy_name);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestAppendInputDataWithBufferAttributes(
    TRITONSERVER_InferenceRequest* inference_request, const char* name, const void* base,
    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes);
    return AppendInputData(inference_request, name, base, neso::AttributesOf(buffer_attributes), "");
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestRemoveAllInputData(TRITONSERVER_InferenceRequest* inference_request,
                                                                    const char* name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, name);
    return RequestOf(inference_request).RemoveAllInputData(name);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestAddRequestedOutput(TRITONSERVER_InferenceRequest* inference_request,
                                                                    const char* name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, name);
    return RequestOf(inference_request).AddRequestedOutput(name);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestRemoveRequestedOutput(TRITONSERVER_InferenceRequest* inference_request,
                                                                       const char* name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, name);
    RequestOf(inference_request).RemoveRequestedOutput(name);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestRemoveAllRequestedOutputs(
    TRITONSERVER_InferenceRequest* inference_request) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).RemoveAllRequestedOutputs();
    return {};
  });
}
