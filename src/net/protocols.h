// The protocols that our servers speak: HTTP/1.1 and HTTP/2, over TLS or not.
#pragma once

#include "net/session.h"

namespace neso::net {

// A port for gRPC begins with HTTP/2, one for HTTP with HTTP/1.1, which notices a client that begins with HTTP/2.
const SessionFactory& AllProtocols();

}  // namespace neso::net
