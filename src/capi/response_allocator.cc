#include "core/response_allocator.h"

#include "capi/handles.h"

using neso::ApiCall;
using neso::Status;

TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorNew(TRITONSERVER_ResponseAllocator** allocator,
                                                      TRITONSERVER_ResponseAllocatorAllocFn_t alloc_fn,
                                                      TRITONSERVER_ResponseAllocatorReleaseFn_t release_fn,
                                                      TRITONSERVER_ResponseAllocatorStartFn_t start_fn) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(allocator);
    if (alloc_fn == nullptr || release_fn == nullptr) {
      return neso::InvalidArg("a response allocator needs an allocation and a release function");
    }
    *allocator = new neso::ResponseAllocator(alloc_fn, release_fn, start_fn);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorSetBufferAttributesFunction(
    TRITONSERVER_ResponseAllocator* allocator,
    TRITONSERVER_ResponseAllocatorBufferAttributesFn_t buffer_attributes_fn) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(allocator);
    neso::AllocatorOf(allocator).buffer_attributes = buffer_attributes_fn;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorSetQueryFunction(TRITONSERVER_ResponseAllocator* allocator,
                                                                   TRITONSERVER_ResponseAllocatorQueryFn_t query_fn) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(allocator);
    neso::AllocatorOf(allocator).query = query_fn;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ResponseAllocatorDelete(TRITONSERVER_ResponseAllocator* allocator) {
  delete static_cast<neso::ResponseAllocator*>(allocator);
  return nullptr;
}
