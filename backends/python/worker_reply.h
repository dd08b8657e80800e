// What a worker is answered that has asked for something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "neso/backend/status.h"
#include "worker_memory.h"

namespace neso::python {

// Sends a body as a reply to the call. False if there is no room for it: then the reply is an error.
bool ReplyWith(const WorkerMemory& memory, uint64_t call, uint32_t flags, std::span<const std::byte> body);
void ReplyWithText(const WorkerMemory& memory, uint64_t call, uint32_t flags, std::string_view text);
void ReplyWithStatus(const WorkerMemory& memory, uint64_t call, const backend::Status& status);
// To a request of a model: a response that is nothing but an error.
void ReplyWithErrorResponse(const WorkerMemory& memory, uint64_t call, uint32_t flags, TRITONSERVER_Error_Code code,
                            std::string_view text);

}  // namespace neso::python
