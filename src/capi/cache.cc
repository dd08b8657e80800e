// What cache libraries call: an entry is the buffers of one answer.
#include "cache/cache_call.h"
#include "capi/handles.h"

using neso::ApiCall;
using neso::CacheEntry;
using neso::CheckIndex;
using neso::Status;

namespace {

CacheEntry& EntryOf(TRITONCACHE_CacheEntry* handle) { return *static_cast<CacheEntry*>(handle); }

Status CheckBuffer(CacheEntry& entry, size_t index) {
  return CheckIndex(index, entry.buffers.size(), "the cache entry has", "buffers");
}

}  // namespace

extern "C" {
// Exported without being declared in the public header, as cache libraries' tests expect.
TRITONSERVER_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryNew(TRITONCACHE_CacheEntry** entry);
TRITONSERVER_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryDelete(TRITONCACHE_CacheEntry* entry);
}

TRITONSERVER_Error* TRITONCACHE_ApiVersion(uint32_t* major, uint32_t* minor) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(major, minor);
    *major = TRITONCACHE_API_VERSION_MAJOR;
    *minor = TRITONCACHE_API_VERSION_MINOR;
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryNew(TRITONCACHE_CacheEntry** entry) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(entry);
    *entry = new CacheEntry;
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryDelete(TRITONCACHE_CacheEntry* entry) {
  delete static_cast<CacheEntry*>(entry);
  return nullptr;
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryBufferCount(TRITONCACHE_CacheEntry* entry, size_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(entry, count);
    *count = EntryOf(entry).buffers.size();
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryAddBuffer(TRITONCACHE_CacheEntry* entry, void* base,
                                                    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(entry, base, buffer_attributes);
    EntryOf(entry).buffers.push_back({base, neso::AttributesOf(buffer_attributes)});
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_CacheEntryGetBuffer(TRITONCACHE_CacheEntry* entry, size_t index, void** base,
                                                    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(entry, base, buffer_attributes);
    RETURN_IF_ERROR(CheckBuffer(EntryOf(entry), index));
    const CacheEntry::Buffer& buffer = EntryOf(entry).buffers[index];
    *base = buffer.base;
    neso::AttributesOf(buffer_attributes) = buffer.attributes;
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_CacheEntrySetBuffer(TRITONCACHE_CacheEntry* entry, size_t index, void* new_base,
                                                    TRITONSERVER_BufferAttributes* buffer_attributes) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(entry, new_base);
    RETURN_IF_ERROR(CheckBuffer(EntryOf(entry), index));
    CacheEntry::Buffer& buffer = EntryOf(entry).buffers[index];
    buffer.base = new_base;
    if (buffer_attributes != nullptr) buffer.attributes = neso::AttributesOf(buffer_attributes);
    return {};
  });
}

TRITONSERVER_Error* TRITONCACHE_Copy(TRITONCACHE_Allocator* allocator, TRITONCACHE_CacheEntry* entry) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(allocator, entry);
    return static_cast<neso::CacheAllocator*>(allocator)->Copy(EntryOf(entry));
  });
}
