// Where response tensors are put: the requester's callbacks (TRITONSERVER_ResponseAllocator).
#pragma once

#include "core/types.h"

namespace neso {

// Constant once requests use it; must outlive their responses.
class ResponseAllocator final : public TRITONSERVER_ResponseAllocator {
 public:
  ResponseAllocator(TRITONSERVER_ResponseAllocatorAllocFn_t alloc, TRITONSERVER_ResponseAllocatorReleaseFn_t release,
                    TRITONSERVER_ResponseAllocatorStartFn_t start)
      : alloc(alloc), release(release), start(start) {}

  TRITONSERVER_ResponseAllocatorAllocFn_t alloc;
  TRITONSERVER_ResponseAllocatorReleaseFn_t release;
  TRITONSERVER_ResponseAllocatorStartFn_t start;                                   // may be null
  TRITONSERVER_ResponseAllocatorBufferAttributesFn_t buffer_attributes = nullptr;  // may be null
  TRITONSERVER_ResponseAllocatorQueryFn_t query = nullptr;                         // may be null
};

}  // namespace neso
