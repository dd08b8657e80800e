// TRITONBACKEND_* functions about memory of the server.
#include "backend/backend_api.h"

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_MemoryManagerAllocate(TRITONBACKEND_MemoryManager* manager, void** buffer,
                                                        const TRITONSERVER_MemoryType memory_type, const int64_t,
                                                        const uint64_t byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(manager, buffer);
    ASSIGN_OR_RETURN(*buffer, static_cast<PluginMemory*>(manager)->Allocate(FromApi(memory_type), byte_size));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_MemoryManagerFree(TRITONBACKEND_MemoryManager* manager, void* buffer,
                                                    const TRITONSERVER_MemoryType memory_type, const int64_t) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(manager);
    return static_cast<PluginMemory*>(manager)->Free(buffer, FromApi(memory_type));
  });
}
