#include "capi/handles.h"

using neso::ApiCall;
using neso::AttributesOf;
using neso::Status;

TRITONSERVER_Error* TRITONSERVER_BufferAttributesNew(TRITONSERVER_BufferAttributes** buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes);
    *buffer_attributes = new neso::BufferAttributes;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesDelete(TRITONSERVER_BufferAttributes* buffer_attributes) {
  delete static_cast<neso::BufferAttributes*>(buffer_attributes);
  return nullptr;
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetMemoryTypeId(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                                 int64_t memory_type_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes);
    AttributesOf(buffer_attributes).memory_type_id = memory_type_id;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetMemoryType(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                               TRITONSERVER_MemoryType memory_type) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes);
    RETURN_IF_ERROR(neso::CheckMemoryType(memory_type));
    AttributesOf(buffer_attributes).memory_type = static_cast<neso::MemoryType>(memory_type);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetCudaIpcHandle(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                                  void* cuda_ipc_handle) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes);
    AttributesOf(buffer_attributes).cuda_ipc_handle = cuda_ipc_handle;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesSetByteSize(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                             size_t byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes);
    AttributesOf(buffer_attributes).byte_size = byte_size;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesMemoryTypeId(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                              int64_t* memory_type_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes, memory_type_id);
    *memory_type_id = AttributesOf(buffer_attributes).memory_type_id;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesMemoryType(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                            TRITONSERVER_MemoryType* memory_type) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes, memory_type);
    *memory_type = static_cast<TRITONSERVER_MemoryType>(AttributesOf(buffer_attributes).memory_type);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesCudaIpcHandle(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                               void** cuda_ipc_handle) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes, cuda_ipc_handle);
    *cuda_ipc_handle = AttributesOf(buffer_attributes).cuda_ipc_handle;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_BufferAttributesByteSize(TRITONSERVER_BufferAttributes* buffer_attributes,
                                                          size_t* byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(buffer_attributes, byte_size);
    *byte_size = AttributesOf(buffer_attributes).byte_size;
    return {};
  });
}
