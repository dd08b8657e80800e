// Tells where a request's tensors are, without looking at the input, however large it is. IN is INT32 of any shape; OUT
// has six INT32:
//   memory type and id of IN, memory type and id where OUT goes (as the server says beforehand), and whether the
//   buffers of IN and OUT have CUDA IPC handles
#include "../common/plugin.h"

namespace {

constexpr int64_t kShape[] = {6};

TRITONSERVER_Error* HasIpcHandle(TRITONSERVER_BufferAttributes* attributes, int32_t* has) {
  void* handle = nullptr;
  RETURN_IF_API_ERROR(TRITONSERVER_BufferAttributesCudaIpcHandle(attributes, &handle));
  *has = handle != nullptr ? 1 : 0;
  return nullptr;
}

TRITONSERVER_Error* DescribeInput(TRITONBACKEND_Request* request, int32_t* values) {
  TRITONBACKEND_Input* input = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_RequestInput(request, "IN", &input));
  const void* buffer = nullptr;
  TRITONSERVER_BufferAttributes* attributes = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_InputBufferAttributes(input, 0, &buffer, &attributes));
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
  int64_t memory_type_id = 0;
  RETURN_IF_API_ERROR(TRITONSERVER_BufferAttributesMemoryType(attributes, &memory_type));
  RETURN_IF_API_ERROR(TRITONSERVER_BufferAttributesMemoryTypeId(attributes, &memory_type_id));
  values[0] = memory_type;
  values[1] = static_cast<int32_t>(memory_type_id);
  return HasIpcHandle(attributes, &values[4]);
}

TRITONSERVER_Error* DescribeOutput(TRITONBACKEND_Request* request, int32_t* values) {
  size_t byte_size = sizeof(int32_t) * kShape[0];
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
  int64_t memory_type_id = 0;
  RETURN_IF_API_ERROR(
      TRITONBACKEND_RequestOutputBufferProperties(request, "OUT", &byte_size, &memory_type, &memory_type_id));
  values[2] = memory_type;
  values[3] = static_cast<int32_t>(memory_type_id);
  return nullptr;
}

TRITONSERVER_Error* Fill(TRITONBACKEND_Request* request, TRITONBACKEND_Response* response) {
  int32_t values[6] = {};
  RETURN_IF_API_ERROR(DescribeInput(request, values));
  RETURN_IF_API_ERROR(DescribeOutput(request, values));
  TRITONBACKEND_Output* output = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseOutput(response, &output, "OUT", TRITONSERVER_TYPE_INT32, kShape, 1));
  void* buffer = nullptr;
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
  int64_t memory_type_id = 0;
  RETURN_IF_API_ERROR(TRITONBACKEND_OutputBuffer(output, &buffer, sizeof(values), &memory_type, &memory_type_id));
  TRITONSERVER_BufferAttributes* attributes = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_OutputBufferAttributes(output, &attributes));
  RETURN_IF_API_ERROR(HasIpcHandle(attributes, &values[5]));
  // The GPU of the tests is the machine's memory.
  std::memcpy(buffer, values, sizeof(values));
  return nullptr;
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request** requests,
                                                       const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    TRITONBACKEND_Response* response = nullptr;
    RETURN_IF_API_ERROR(TRITONBACKEND_ResponseNew(&response, requests[i]));
    TRITONSERVER_Error* error = Fill(requests[i], response);
    plugin::Ignore(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error));
    plugin::Ignore(error);
    plugin::Release(requests[i]);
  }
  return nullptr;
}
