// Turns the responses that a worker wrote into those of the server.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "message.h"
#include "neso/backend/response.h"
#include "protocol.h"
#include "segment.h"
#include "worker_memory.h"

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

// Which memory outputs may be sent from, besides blocks of the worker's own.
struct Sendable {
  std::shared_ptr<WorkerMemory> memory;
  std::optional<uint64_t> block{};  // of the slab: the worker will not write to it any more
  uint64_t length = 0;
};

// Fills and sends `response`. Large outputs are sent from where they lie, as far as the server can do that and the
// worker leaves them alone; others are copied once, to where the client or the network takes them from.
backend::Status SendResponse(backend::Response response, WorkerResponse& from, const Sendable& sendable, bool final);

}  // namespace neso::python
