// Where response tensors are put: the requester's callbacks (TRITONSERVER_ResponseAllocator).
#pragma once

#include "core/types.h"

namespace neso {

// Memory of a backend's that has an output's bytes already.
struct LentMemory {
  const void* data = nullptr;
  size_t byte_size = 0;
  void (*give_back)(void* owner) = nullptr;  // for the buffer that is made of it; see Buffer::TryBorrow
  void* owner = nullptr;
};

// Takes an output's memory as it lies there, and says by what `release` gets for it. False: the output is to be copied
// to what `alloc` gives.
using BorrowOutputFn = bool (*)(const char* name, const LentMemory& memory, void* allocator_userp, void** buffer_userp);

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
  BorrowOutputFn borrow = nullptr;                                                 // may be null; never of an embedder
};

}  // namespace neso
