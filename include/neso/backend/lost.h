// Says of a model instance that it will not execute anything any more, so that the repository index and readiness show
// it: a version whose instances are all lost serves nothing, and the next load request for it makes a new one.
//
//   if (NESOBACKEND_ModelInstanceLost != nullptr) {
//     error = NESOBACKEND_ModelInstanceLost(instance, "its process died nine times in a row");
//   }
#pragma once

#include "triton/core/tritonbackend.h"

#ifdef __cplusplus
extern "C" {
#endif

// From any thread, between the instance's initialisation and its finalisation; it does not wait. `reason` is for people.
// Requests still reach the instance, which answers them with an error of its own.
//
// Null in a server that does not know it, such as Triton.
extern __attribute__((weak, visibility("default"))) TRITONSERVER_Error* NESOBACKEND_ModelInstanceLost(
    TRITONBACKEND_ModelInstance* instance, const char* reason);

#ifdef __cplusplus
}
#endif
