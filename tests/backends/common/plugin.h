// What the test plug-ins share: models with one input IN and one output OUT, both INT32 of one element a row.
//
// Written against the raw C interface, as a plug-in of somebody else would be.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "triton/core/tritonbackend.h"
#include "triton/core/tritonserver.h"

#define RETURN_IF_API_ERROR(call)                                                       \
  do {                                                                                  \
    if (TRITONSERVER_Error* api_error = (call); api_error != nullptr) return api_error; \
  } while (false)

namespace plugin {

// Drops an error that nothing can be done about.
inline void Ignore(TRITONSERVER_Error* error) { TRITONSERVER_ErrorDelete(error); }

inline std::string ModelName(TRITONBACKEND_ModelInstance* instance) {
  TRITONBACKEND_Model* model = nullptr;
  const char* name = "";
  Ignore(TRITONBACKEND_ModelInstanceModel(instance, &model));
  Ignore(TRITONBACKEND_ModelName(model, &name));
  return name;
}

inline bool NameContains(const std::string& name, const char* word) { return name.find(word) != std::string::npos; }

struct Tensor {
  const int64_t* shape = nullptr;
  uint32_t dims = 0;
  int32_t value = 0;  // the first element
};

inline TRITONSERVER_Error* ReadInput(TRITONBACKEND_Request* request, Tensor* tensor) {
  TRITONBACKEND_Input* input = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_RequestInput(request, "IN", &input));
  RETURN_IF_API_ERROR(
      TRITONBACKEND_InputProperties(input, nullptr, nullptr, &tensor->shape, &tensor->dims, nullptr, nullptr));
  const void* buffer = nullptr;
  uint64_t byte_size = 0;
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
  int64_t memory_type_id = 0;
  RETURN_IF_API_ERROR(TRITONBACKEND_InputBuffer(input, 0, &buffer, &byte_size, &memory_type, &memory_type_id));
  if (byte_size < sizeof(int32_t)) return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INVALID_ARG, "IN is empty");
  std::memcpy(&tensor->value, buffer, sizeof(int32_t));
  return nullptr;
}

// Puts OUT = `value` into a response.
inline TRITONSERVER_Error* FillValue(TRITONBACKEND_Response* response, const Tensor& like, int32_t value) {
  TRITONBACKEND_Output* output = nullptr;
  RETURN_IF_API_ERROR(
      TRITONBACKEND_ResponseOutput(response, &output, "OUT", TRITONSERVER_TYPE_INT32, like.shape, like.dims));
  void* buffer = nullptr;
  TRITONSERVER_MemoryType memory_type = TRITONSERVER_MEMORY_CPU;
  int64_t memory_type_id = 0;
  RETURN_IF_API_ERROR(TRITONBACKEND_OutputBuffer(output, &buffer, sizeof(value), &memory_type, &memory_type_id));
  std::memcpy(buffer, &value, sizeof(value));
  return nullptr;
}

// Puts OUT = `value` into a response and sends it; on error the response is gone.
inline TRITONSERVER_Error* SendValue(TRITONBACKEND_Response* response, const Tensor& like, int32_t value,
                                     uint32_t flags) {
  if (TRITONSERVER_Error* error = FillValue(response, like, value); error != nullptr) {
    Ignore(TRITONBACKEND_ResponseDelete(response));
    return error;
  }
  return TRITONBACKEND_ResponseSend(response, flags, nullptr);
}

// The one response of a request, without releasing it.
inline TRITONSERVER_Error* Answer(TRITONBACKEND_Request* request, const Tensor& like, int32_t value) {
  TRITONBACKEND_Response* response = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ResponseNew(&response, request));
  return SendValue(response, like, value, TRITONSERVER_RESPONSE_COMPLETE_FINAL);
}

// Answers with `error`, which it deletes.
inline void AnswerError(TRITONBACKEND_Request* request, TRITONSERVER_Error* error) {
  TRITONBACKEND_Response* response = nullptr;
  Ignore(TRITONBACKEND_ResponseNew(&response, request));
  Ignore(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error));
  Ignore(error);
}

inline void Release(TRITONBACKEND_Request* request) {
  Ignore(TRITONBACKEND_RequestRelease(request, TRITONSERVER_REQUEST_RELEASE_ALL));
}

}  // namespace plugin
