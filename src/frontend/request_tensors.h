// Where the tensors of a request are that are no views into its message.
//
//   RequestTensors tensors(regions);
//   ASSIGN_OR_RETURN(RequestedOutputs outputs, FillInferRequest(*model, body, max_json_bytes, *request, tensors));
//
// Kept until the request has been released and answered.
#pragma once

#include <vector>

#include "base/buffer.h"
#include "frontend/shared_memory/shared_tensors.h"

namespace neso {

struct RequestTensors {
  // `regions` outlives this object.
  explicit RequestTensors(const SharedMemoryManager& regions) : shared(regions) {}

  std::vector<BufferRef> converted;  // inputs that came in another form than backends read: JSON, typed contents
  SharedTensors shared;              // inputs and outputs in clients' memory
};

}  // namespace neso
