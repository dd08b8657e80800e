// Where a server is, as people write it, and a socket to it.
//
//   ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint("localhost:8000", 8000));
//   ASSIGN_OR_RETURN(OwnedDescriptor socket, ConnectSocket(endpoint, deadline));
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/owned_descriptor.h"
#include "base/status.h"
#include "net/tls.h"

namespace neso::client {

struct Endpoint {
  std::string host;  // "localhost" with socket_path
  uint16_t port = 0;
  bool uses_tls = false;
  std::string path;  // before every request's own; empty or "/like/this"
  // How, with uses_tls; null: as TlsClientSettings' defaults say, with files read for each connection.
  std::shared_ptr<const net::TlsClientContext> tls = nullptr;
  // What the server's certificate has to be for, with uses_tls; empty: the host.
  std::string tls_name = {};
  // Of a Unix-domain socket, which has no port; empty: it is reached by host and port.
  std::string socket_path = {};

  // "host:port", an IPv6 address in brackets, or the host alone: what the server is called in a request.
  std::string Authority() const;
  // "unix:path", or else the same: what it is called in front of people.
  std::string Place() const;
};

// "host", "host:port", "[::1]:port", "http://host:port/path", "https://...", or "unix:path" in place of host, port and
// path. Error: kInvalidArg with what was expected.
Expected<Endpoint> ParseEndpoint(std::string_view text, uint16_t default_port);

// Whether one of the sockets can do what it is watched for before `deadline`; `revents` say which.
bool WaitForSockets(std::span<pollfd> watched, TimePoint deadline);
// Whether the socket can be read or written (POLLIN, POLLOUT) before `deadline`.
bool WaitForSocket(int fd, short events, TimePoint deadline);

// A connected, non-blocking socket, without delays for small writes. Waits until `deadline` at most.
// Error: kUnavailable "cannot connect to <place>: <reason>".
Expected<OwnedDescriptor> ConnectSocket(const Endpoint& endpoint, TimePoint deadline);

}  // namespace neso::client
