// What cache libraries call. Response caches are no part of this server, so no library is ever loaded.
#include "capi/unsupported.h"

namespace {

TRITONSERVER_Error* NoCache(const char* function) { return neso::AnswerUnsupported(function, "response cache"); }

}  // namespace

extern "C" {
// Exported without being declared in the public header, as cache libraries' tests expect.
TRITONSERVER_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryNew(TRITONCACHE_CacheEntry** entry);
TRITONSERVER_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryDelete(TRITONCACHE_CacheEntry* entry);
}

TRITONSERVER_Error* TRITONCACHE_ApiVersion(uint32_t* major, uint32_t* minor) {
  return neso::ApiCall([&]() -> neso::Status {
    REQUIRE_ARGUMENTS(major, minor);
    *major = TRITONCACHE_API_VERSION_MAJOR;
    *minor = TRITONCACHE_API_VERSION_MINOR;
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryNew(TRITONCACHE_CacheEntry** entry) { return NoCache(__func__); }
TRITONSERVER_Error* TRITONCACHE_CacheEntryDelete(TRITONCACHE_CacheEntry* entry) { return NoCache(__func__); }

TRITONSERVER_Error* TRITONCACHE_CacheEntryBufferCount(TRITONCACHE_CacheEntry* entry, size_t* count) {
  return NoCache(__func__);
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryAddBuffer(TRITONCACHE_CacheEntry* entry, void* base,
                                                    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return NoCache(__func__);
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryGetBuffer(TRITONCACHE_CacheEntry* entry, size_t index, void** base,
                                                    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return NoCache(__func__);
}

TRITONSERVER_Error* TRITONCACHE_CacheEntrySetBuffer(TRITONCACHE_CacheEntry* entry, size_t index, void* new_base,
                                                    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return NoCache(__func__);
}

TRITONSERVER_Error* TRITONCACHE_Copy(TRITONCACHE_Allocator* allocator, TRITONCACHE_CacheEntry* entry) {
  return NoCache(__func__);
}
