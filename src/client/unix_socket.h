// A socket to a server that listens on a file.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/owned_descriptor.h"
#include "base/status.h"

namespace neso::client {

// Connected and non-blocking. Waits until `deadline` at most, for a server that accepts nothing at the moment.
// Error: kUnavailable, the system's reason.
Expected<OwnedDescriptor> ConnectUnixSocket(const std::string& path, TimePoint deadline);

}  // namespace neso::client
