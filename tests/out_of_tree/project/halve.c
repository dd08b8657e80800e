// A backend in plain C: OUT, INT32, is half of IN, the numbers of all requests of a batch each by itself. An odd number
// is that request's error.
#include <stddef.h>
#include <stdint.h>

#include "triton/core/tritonbackend.h"

#define RETURN_IF_ERROR(call)            \
  do {                                   \
    TRITONSERVER_Error* error_ = (call); \
    if (error_ != NULL) return error_;   \
  } while (0)

// For what nothing can be done about.
static void Ignore(TRITONSERVER_Error* error) {
  if (error != NULL) TRITONSERVER_ErrorDelete(error);
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_Initialize(TRITONBACKEND_Backend* backend) {
  (void)backend;
  uint32_t major = 0, minor = 0;
  RETURN_IF_ERROR(TRITONBACKEND_ApiVersion(&major, &minor));
  if (major == TRITONBACKEND_API_VERSION_MAJOR && minor >= TRITONBACKEND_API_VERSION_MINOR) return NULL;
  return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED, "the server's interface is older than the headers");
}

// What each piece of the input holds goes where it belongs in the output.
static TRITONSERVER_Error* Halve(TRITONBACKEND_Input* input, uint32_t pieces, int32_t* out) {
  for (uint32_t piece = 0; piece < pieces; ++piece) {
    const void* bytes = NULL;
    uint64_t byte_size = 0;
    TRITONSERVER_MemoryType type = TRITONSERVER_MEMORY_CPU;
    int64_t type_id = 0;
    RETURN_IF_ERROR(TRITONBACKEND_InputBuffer(input, piece, &bytes, &byte_size, &type, &type_id));
    const int32_t* in = bytes;
    for (uint64_t i = 0; i < byte_size / sizeof(int32_t); ++i, ++out) {
      if (in[i] % 2 != 0) return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INVALID_ARG, "IN: expected even numbers");
      *out = in[i] / 2;
    }
  }
  return NULL;
}

static TRITONSERVER_Error* Fill(TRITONBACKEND_Request* request, TRITONBACKEND_Response* response) {
  TRITONBACKEND_Input* input = NULL;
  const int64_t* shape = NULL;
  uint32_t dims = 0, pieces = 0;
  uint64_t byte_size = 0;
  RETURN_IF_ERROR(TRITONBACKEND_RequestInput(request, "IN", &input));
  RETURN_IF_ERROR(TRITONBACKEND_InputProperties(input, NULL, NULL, &shape, &dims, &byte_size, &pieces));
  TRITONBACKEND_Output* output = NULL;
  RETURN_IF_ERROR(TRITONBACKEND_ResponseOutput(response, &output, "OUT", TRITONSERVER_TYPE_INT32, shape, dims));
  void* buffer = NULL;
  TRITONSERVER_MemoryType type = TRITONSERVER_MEMORY_CPU;
  int64_t type_id = 0;
  RETURN_IF_ERROR(TRITONBACKEND_OutputBuffer(output, &buffer, byte_size, &type, &type_id));
  return Halve(input, pieces, buffer);
}

static void Answer(TRITONBACKEND_Request* request) {
  TRITONBACKEND_Response* response = NULL;
  Ignore(TRITONBACKEND_ResponseNew(&response, request));
  TRITONSERVER_Error* error = Fill(request, response);
  Ignore(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error));
  Ignore(error);
  Ignore(TRITONBACKEND_RequestRelease(request, TRITONSERVER_REQUEST_RELEASE_ALL));
}

TRITONBACKEND_ISPEC TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                                           TRITONBACKEND_Request** requests,
                                                                           const uint32_t request_count) {
  (void)instance;
  for (uint32_t i = 0; i < request_count; ++i) Answer(requests[i]);
  return NULL;
}
