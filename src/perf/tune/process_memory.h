// What a process and those that it has started take of the machine's memory.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "base/status.h"

namespace neso::perf {

// In bytes; pages that they share with each other or with others count by their share (Pss). A process that ends
// meanwhile counts as nothing. Error: kUnavailable when `process` itself cannot be looked at.
Expected<uint64_t> MemoryOfProcesses(pid_t process);

}  // namespace neso::perf
