// TRITONBACKEND_* functions about inputs.
#include "backend/backend_api.h"

namespace neso {
namespace {

std::span<const InputBuffer> BuffersOf(const Input& input, const char* host_policy) {
  return host_policy == nullptr ? input.buffers() : input.buffers(host_policy);
}

Status Properties(TRITONBACKEND_Input* handle, const char* host_policy, const char** name,
                  TRITONSERVER_DataType* datatype, const int64_t** shape, uint32_t* dims_count, uint64_t* byte_size,
                  uint32_t* buffer_count) {
  REQUIRE_ARGUMENTS(handle);
  const Input& input = AsInput(handle);
  const std::span<const InputBuffer> buffers = BuffersOf(input, host_policy);
  SetIfWanted(name, input.name().c_str());
  SetIfWanted(datatype, ToApi(input.datatype()));
  SetIfWanted(shape, input.shape().data());
  SetIfWanted(dims_count, static_cast<uint32_t>(input.shape().size()));
  SetIfWanted(buffer_count, static_cast<uint32_t>(buffers.size()));
  if (byte_size != nullptr) {
    *byte_size = 0;
    for (const InputBuffer& buffer : buffers) *byte_size += buffer.attributes.byte_size;
  }
  return {};
}

// A buffer that is not there is empty, not an error.
Status Buffer(TRITONBACKEND_Input* handle, const char* host_policy, uint32_t index, const void** buffer,
              uint64_t* buffer_byte_size, TRITONSERVER_MemoryType* memory_type, int64_t* memory_type_id) {
  REQUIRE_ARGUMENTS(handle, buffer, buffer_byte_size, memory_type, memory_type_id);
  const std::span<const InputBuffer> buffers = BuffersOf(AsInput(handle), host_policy);
  const InputBuffer found = index < buffers.size() ? buffers[index] : InputBuffer();
  *buffer = found.base;
  *buffer_byte_size = found.attributes.byte_size;
  *memory_type = ToApi(found.attributes.memory_type);
  *memory_type_id = found.attributes.memory_type_id;
  return {};
}

}  // namespace
}  // namespace neso

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_InputProperties(TRITONBACKEND_Input* input, const char** name,
                                                  TRITONSERVER_DataType* datatype, const int64_t** shape,
                                                  uint32_t* dims_count, uint64_t* byte_size, uint32_t* buffer_count) {
  return ApiCall(
      [&] { return Properties(input, nullptr, name, datatype, shape, dims_count, byte_size, buffer_count); });
}

TRITONSERVER_Error* TRITONBACKEND_InputPropertiesForHostPolicy(TRITONBACKEND_Input* input, const char* host_policy_name,
                                                               const char** name, TRITONSERVER_DataType* datatype,
                                                               const int64_t** shape, uint32_t* dims_count,
                                                               uint64_t* byte_size, uint32_t* buffer_count) {
  return ApiCall(
      [&] { return Properties(input, host_policy_name, name, datatype, shape, dims_count, byte_size, buffer_count); });
}

TRITONSERVER_Error* TRITONBACKEND_InputBuffer(TRITONBACKEND_Input* input, const uint32_t index, const void** buffer,
                                              uint64_t* buffer_byte_size, TRITONSERVER_MemoryType* memory_type,
                                              int64_t* memory_type_id) {
  return ApiCall([&] { return Buffer(input, nullptr, index, buffer, buffer_byte_size, memory_type, memory_type_id); });
}

TRITONSERVER_Error* TRITONBACKEND_InputBufferForHostPolicy(TRITONBACKEND_Input* input, const char* host_policy_name,
                                                           const uint32_t index, const void** buffer,
                                                           uint64_t* buffer_byte_size,
                                                           TRITONSERVER_MemoryType* memory_type,
                                                           int64_t* memory_type_id) {
  return ApiCall(
      [&] { return Buffer(input, host_policy_name, index, buffer, buffer_byte_size, memory_type, memory_type_id); });
}

TRITONSERVER_Error* TRITONBACKEND_InputBufferAttributes(TRITONBACKEND_Input* input, const uint32_t index,
                                                        const void** buffer,
                                                        TRITONSERVER_BufferAttributes** buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(input, buffer, buffer_attributes);
    const std::span<const InputBuffer> buffers = AsInput(input).buffers();
    static BufferAttributes none;
    *buffer = index < buffers.size() ? buffers[index].base : nullptr;
    // The C ABI has no const attributes; plug-ins only read these.
    *buffer_attributes = index < buffers.size() ? const_cast<BufferAttributes*>(&buffers[index].attributes) : &none;
    return {};
  });
}
