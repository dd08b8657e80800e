// Turns the responses that a worker wrote into those of the server.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "message.h"
#include "neso/backend/response.h"
#include "protocol.h"
#include "segment.h"

namespace neso::python {

// A response as the worker wrote it, checked: its tensors lie in the segment. Views into the message.
struct WorkerResponse {
  ResponseKind kind = ResponseKind::kNone;
  TRITONSERVER_Error_Code error_code = TRITONSERVER_ERROR_INTERNAL;
  std::vector<TensorRecord> tensors;
  std::string_view error;
  std::string_view parameters;
};

// False if the message is not one: what was read is then worthless.
bool ReadResponse(MessageReader& reader, const Segment& segment, WorkerResponse& response);

// Fills and sends `response` with one copy from the segment to where the client or the network takes it from.
backend::Status SendResponse(backend::Response response, const WorkerResponse& from, bool final);

}  // namespace neso::python
