// A connection to a host that has several addresses, of which some may not answer.
//
//   ASSIGN_OR_RETURN(OwnedDescriptor socket, ConnectToFirst(addresses, deadline));
#pragma once

#include <netdb.h>

#include "base/clock.h"
#include "base/owned_descriptor.h"
#include "base/status.h"

namespace neso::client {

// A connected, non-blocking socket to the first of `addresses` that answers. The next one is tried when one has failed,
// or has said nothing for a quarter of a second; those before it go on meanwhile (RFC 8305, 5). Waits until `deadline`
// at most. Error: kUnavailable with the system's reason.
Expected<OwnedDescriptor> ConnectToFirst(const addrinfo* addresses, TimePoint deadline);

}  // namespace neso::client
