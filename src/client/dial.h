// A connection's bytes, plain or over TLS, as its endpoint asks.
//
//   ASSIGN_OR_RETURN(Dialled dialled, Dial(endpoint, Wire::kHttp2, deadline, loop.load()));
//   loop.Watch(dialled.fd, connection);
#pragma once

#include <memory>

#include "base/status.h"
#include "client/endpoint.h"
#include "net/tls.h"
#include "net/transport.h"

namespace neso::client {

using Wire = net::TlsClientContext::Protocol;

struct Dialled {
  std::unique_ptr<net::Transport> transport;
  int fd = -1;  // the transport's, which nobody has watched yet
};

// For many endpoints and connections. Errors: kInvalidArg with the file and the reason; kUnavailable without the library.
Expected<std::shared_ptr<const net::TlsClientContext>> MakeTls(const net::TlsClientSettings& settings);

// Waits until `deadline` at most, handshake included. `load` outlives the transport.
// Errors: kUnavailable "cannot connect to <place>: <reason>"; kInvalidArg for files of TLS that cannot be used.
Expected<Dialled> Dial(const Endpoint& endpoint, Wire wire, TimePoint deadline, net::ServerLoad& load);

}  // namespace neso::client
