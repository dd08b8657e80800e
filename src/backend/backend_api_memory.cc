// TRITONBACKEND_* functions about memory of the server, and our own that copies.
#include "backend/backend_api.h"
#include "device/copy_memory.h"
#include "neso/backend/copy.h"

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_MemoryManagerAllocate(TRITONBACKEND_MemoryManager* manager, void** buffer,
                                                        const TRITONSERVER_MemoryType memory_type,
                                                        const int64_t memory_type_id, const uint64_t byte_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(manager, buffer);
    ASSIGN_OR_RETURN(*buffer,
                     static_cast<PluginMemory*>(manager)->Allocate(FromApi(memory_type), memory_type_id, byte_size));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_MemoryManagerFree(TRITONBACKEND_MemoryManager* manager, void* buffer,
                                                    const TRITONSERVER_MemoryType memory_type,
                                                    const int64_t memory_type_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(manager);
    return static_cast<PluginMemory*>(manager)->Free(buffer, FromApi(memory_type), memory_type_id);
  });
}

TRITONSERVER_Error* NESOBACKEND_MemoryCopy(void* to, TRITONSERVER_MemoryType to_type, int64_t to_id, const void* from,
                                           TRITONSERVER_MemoryType from_type, int64_t from_id, uint64_t byte_size) {
  return ApiCall([&]() -> Status {
    if (byte_size > 0) REQUIRE_ARGUMENTS(to, from);
    return CopyMemory({.data = to, .type = FromApi(to_type), .device_id = to_id},
                      {.data = from, .type = FromApi(from_type), .device_id = from_id}, byte_size);
  });
}
