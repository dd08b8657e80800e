// The C interface between the server and a response cache: a library libtritoncache_<name>.so.
//
// An insertion: the server calls TRITONCACHE_CacheInsert with an entry whose buffers have sizes but no memory; the
// cache finds memory for each (TRITONCACHE_CacheEntrySetBuffer), and TRITONCACHE_Copy fills it. A lookup: the cache
// adds its buffers to the entry, and TRITONCACHE_Copy makes the response of them before the cache may evict them.
// The server provides the functions marked TRITONCACHE_DECLSPEC; the cache those marked TRITONCACHE_ISPEC.
#ifndef TRITON_CORE_TRITONCACHE_H_
#define TRITON_CORE_TRITONCACHE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "triton/core/tritonserver.h"

#define TRITONCACHE_DECLSPEC __attribute__((visibility("default")))
#define TRITONCACHE_ISPEC __attribute__((visibility("default")))

#define TRITONCACHE_API_VERSION_MAJOR 0
#define TRITONCACHE_API_VERSION_MINOR 1

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TRITONCACHE_Cache TRITONCACHE_Cache;
typedef struct TRITONCACHE_CacheEntry TRITONCACHE_CacheEntry;
typedef struct TRITONCACHE_Allocator TRITONCACHE_Allocator;

// ---- Version

// The API version of the running server.
TRITONCACHE_DECLSPEC TRITONSERVER_Error* TRITONCACHE_ApiVersion(uint32_t* major, uint32_t* minor);

// ---- Entries: the buffers of one cached response. They belong to the server.

// How many buffers the entry has.
TRITONCACHE_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryBufferCount(TRITONCACHE_CacheEntry* entry,
                                                                           size_t* count);
// Appends a buffer, which the cache keeps until TRITONCACHE_Copy or its own return.
TRITONCACHE_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryAddBuffer(
    TRITONCACHE_CacheEntry* entry, void* base, TRITONSERVER_BufferAttributes* buffer_attributes);
// One buffer; its attributes are written to those of the caller.
TRITONCACHE_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntryGetBuffer(
    TRITONCACHE_CacheEntry* entry, size_t index, void** base, TRITONSERVER_BufferAttributes* buffer_attributes);
// Gives one buffer another address, and other attributes if they are not NULL.
TRITONCACHE_DECLSPEC TRITONSERVER_Error* TRITONCACHE_CacheEntrySetBuffer(
    TRITONCACHE_CacheEntry* entry, size_t index, void* new_base, TRITONSERVER_BufferAttributes* buffer_attributes);
// In an insertion, copies the response into the entry's buffers; in a lookup, the buffers into the response.
TRITONCACHE_DECLSPEC TRITONSERVER_Error* TRITONCACHE_Copy(TRITONCACHE_Allocator* allocator,
                                                          TRITONCACHE_CacheEntry* entry);

// ---- Implemented by a cache library. All are required and may be called from several threads.

// Makes a cache of the JSON settings.
TRITONCACHE_ISPEC TRITONSERVER_Error* TRITONCACHE_CacheInitialize(TRITONCACHE_Cache** cache, const char* config);
// Ends it.
TRITONCACHE_ISPEC TRITONSERVER_Error* TRITONCACHE_CacheFinalize(TRITONCACHE_Cache* cache);
// Stores an entry; sizes are in its buffers, contents come with TRITONCACHE_Copy. ALREADY_EXISTS if the key is present.
TRITONCACHE_ISPEC TRITONSERVER_Error* TRITONCACHE_CacheInsert(TRITONCACHE_Cache* cache, const char* key,
                                                              TRITONCACHE_CacheEntry* entry,
                                                              TRITONCACHE_Allocator* allocator);
// Adds the stored buffers to `entry` and calls TRITONCACHE_Copy. NOT_FOUND if the key is absent.
TRITONCACHE_ISPEC TRITONSERVER_Error* TRITONCACHE_CacheLookup(TRITONCACHE_Cache* cache, const char* key,
                                                              TRITONCACHE_CacheEntry* entry,
                                                              TRITONCACHE_Allocator* allocator);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // TRITON_CORE_TRITONCACHE_H_
