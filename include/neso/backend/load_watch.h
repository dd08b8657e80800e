// Hears of it when a load is to end that has not ended yet: the model is to be unloaded, or the server stops. Who waits
// in an initialisation for what may never come gives up then, so that the load fails.
//
//   NESOBACKEND_LoadWatch* watch = nullptr;
//   if (NESOBACKEND_LoadWatchNew != nullptr) error = NESOBACKEND_LoadWatchNew(model, GiveUp, process, &watch);
//   ...                                                   // wait for the process
//   if (watch != nullptr) error = NESOBACKEND_LoadWatchDelete(watch);
//
// OnLoadEnd in on_load_end.h does that.
#pragma once

#include "triton/core/tritonbackend.h"

#ifdef __cplusplus
extern "C" {
#endif

struct NESOBACKEND_LoadWatch;

// Within TRITONBACKEND_ModelInitialize, or TRITONBACKEND_ModelInstanceInitialize of one of the model's instances: calls
// `give_up(userp)` once, on any thread, when that load is to end; before it returns if that is known already. It must
// not wait for what the initialisation does.
//
// Null in a server that does not know it, such as Triton.
extern __attribute__((weak, visibility("default"))) TRITONSERVER_Error* NESOBACKEND_LoadWatchNew(
    TRITONBACKEND_Model* model, void (*give_up)(void* userp), void* userp, struct NESOBACKEND_LoadWatch** watch);

// To be called before the initialisation returns. When it returns `give_up` does not run, and will not.
extern __attribute__((weak, visibility("default"))) TRITONSERVER_Error* NESOBACKEND_LoadWatchDelete(
    struct NESOBACKEND_LoadWatch* watch);

#ifdef __cplusplus
}
#endif
