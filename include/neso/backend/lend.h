// An output whose bytes a backend has already, in memory that can wait until they have left: the server sends them from
// there, uncopied, where nobody but the client reads them.
//
//   bool taken = false;
//   if (NESOBACKEND_OutputLend != nullptr) {
//     error = NESOBACKEND_OutputLend(output, bytes, size, GiveBack, block, &taken);
//   }
//   if (!taken) ...                                       // TRITONBACKEND_OutputBuffer, and a copy
//
// Response::LendOutput in response.h does that.
#pragma once

#include <stdint.h>

#include "triton/core/tritonbackend.h"

#ifdef __cplusplus
extern "C" {
#else
#include <stdbool.h>
#endif

// `output` is one of TRITONBACKEND_ResponseOutput, without a buffer; `memory` is the CPU's. If it is `taken`, the
// server reads it until it calls `give_back(owner)`, once, on any thread, possibly long after the response was sent. It
// does not change it, and what others write there meanwhile, the client gets. If it is not taken, or there is an error,
// nothing is called.
//
// Null in a server that does not know it, such as Triton.
extern __attribute__((weak, visibility("default"))) TRITONSERVER_Error* NESOBACKEND_OutputLend(
    TRITONBACKEND_Output* output, const void* memory, uint64_t byte_size, void (*give_back)(void* owner), void* owner,
    bool* taken);

#ifdef __cplusplus
}
#endif
