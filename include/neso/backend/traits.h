// What a backend library promises beyond the C interface, so that the server can run it more cheaply. A server that
// does not know the symbol ignores it, and gives each instance a thread of its own.
//
// NESO_BACKEND() in backend.h exports it.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// TRITONBACKEND_ModelInstanceExecute may run on any thread, one execution of an instance at a time: nothing that it
// needs is tied to the thread that initialised the instance.
#define NESOBACKEND_TRAIT_ANY_THREAD 1u
// It computes and returns: it neither waits for another request nor sleeps.
#define NESOBACKEND_TRAIT_NON_BLOCKING 2u

typedef struct NESOBACKEND_TraitsV1 {  // NOLINT(modernize-use-using): also for C
  uint32_t struct_size;                // sizeof(NESOBACKEND_TraitsV1); a later version appends members
  uint32_t flags;                      // NESOBACKEND_TRAIT_*
} NESOBACKEND_TraitsV1;

extern __attribute__((visibility("default"))) const NESOBACKEND_TraitsV1 NESOBACKEND_Traits;

#ifdef __cplusplus
}
#endif
