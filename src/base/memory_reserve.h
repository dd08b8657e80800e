// A few megabytes kept for the moment when an allocation fails, so that the error can be told: without them, the small
// allocations of the answer fail after the large one that was its cause.
#pragma once

namespace neso {

// For the server's process as a whole, hence called by its main function only; embedders keep their own handler.
void InstallMemoryReserve();
// Takes the reserve again if it was used; tried by whoever has handled an exhausted memory. Thread-safe.
void RefillMemoryReserve() noexcept;

}  // namespace neso
