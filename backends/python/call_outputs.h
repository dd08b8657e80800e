// What a model that another one calls has answered, in the memory of the caller: large outputs are written where the
// worker reads them, small ones travel in the reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "neso/backend/status.h"
#include "triton/core/tritonserver.h"
#include "worker_memory.h"

namespace neso::python {

// Where a large output lies.
struct OutputBlock {
  std::shared_ptr<WorkerMemory> memory;
  uint64_t offset = 0;
  bool given = false;  // to the worker, which releases it
};

// One for all calls. What a request gives it is a const std::shared_ptr<WorkerMemory>*, the caller's.
TRITONSERVER_ResponseAllocator* CallAllocator();

// The response as the worker reads it. `outputs` gets where its large ones lie. Error: the response's own.
backend::Result<std::vector<std::byte>> ResponseBody(TRITONSERVER_InferenceResponse* response,
                                                     std::vector<OutputBlock*>& outputs);

}  // namespace neso::python
