#include "capi/handles.h"

using neso::ApiError;

TRITONSERVER_Error* TRITONSERVER_ErrorNew(TRITONSERVER_Error_Code code, const char* msg) {
  try {
    return new ApiError(neso::Status(static_cast<neso::StatusCode>(code), msg == nullptr ? "" : msg));
  } catch (...) {
    // Out of memory: success would be a lie, and there is nothing else to say it with.
    std::terminate();
  }
}

void TRITONSERVER_ErrorDelete(TRITONSERVER_Error* error) { delete static_cast<ApiError*>(error); }

TRITONSERVER_Error_Code TRITONSERVER_ErrorCode(TRITONSERVER_Error* error) {
  if (error == nullptr) return TRITONSERVER_ERROR_UNKNOWN;
  return static_cast<TRITONSERVER_Error_Code>(static_cast<ApiError*>(error)->status().code());
}

const char* TRITONSERVER_ErrorCodeString(TRITONSERVER_Error* error) {
  // The texts are literals, so they end with a zero.
  return neso::StatusCodeText(static_cast<neso::StatusCode>(TRITONSERVER_ErrorCode(error))).data();
}

const char* TRITONSERVER_ErrorMessage(TRITONSERVER_Error* error) {
  return error == nullptr ? "" : static_cast<ApiError*>(error)->status().message().c_str();
}
