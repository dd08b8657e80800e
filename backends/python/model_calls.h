// What a model asks of the repository: models to load, to unload, and whether one is ready.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "protocol.h"
#include "worker_memory.h"

namespace neso::python {

// Runs kLoadModel, kUnloadModel or kModelReady on a thread of its own, since it takes as long as it takes, and replies.
// False if the body is not one.
bool StartModelCall(TRITONSERVER_Server* server, const std::shared_ptr<WorkerMemory>& memory, Call call, uint64_t id,
                    std::span<const std::byte> body);

}  // namespace neso::python
