// The few TRITONSERVER_* functions that the test plug-ins call: the real ones belong to a room further down.
#include "core/api_error.h"
#include "core/message.h"

using namespace neso;

TRITONSERVER_Error* TRITONSERVER_ErrorNew(TRITONSERVER_Error_Code code, const char* message) {
  return MakeApiError(Status(static_cast<StatusCode>(code), message));
}

void TRITONSERVER_ErrorDelete(TRITONSERVER_Error* error) { delete static_cast<ApiError*>(error); }
