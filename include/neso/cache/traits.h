// What a cache library promises beyond the C interface, so that the server can call it more cheaply. A server that does
// not know the symbol ignores it.
//
// NESO_CACHE_WITH_TRAITS() in cache.h exports it.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What it keeps lies in the memory of the process and goes with it: a lookup or an insertion takes no longer than
// copying does. Without it, such calls never run on a thread that reads sockets.
#define NESOCACHE_TRAIT_IN_PROCESS 1u

typedef struct NESOCACHE_TraitsV1 {  // NOLINT(modernize-use-using): also for C
  uint32_t struct_size;              // sizeof(NESOCACHE_TraitsV1); a later version appends members
  uint32_t flags;                    // NESOCACHE_TRAIT_*
} NESOCACHE_TraitsV1;

extern __attribute__((visibility("default"))) const NESOCACHE_TraitsV1 NESOCACHE_Traits;

#ifdef __cplusplus
}
#endif
