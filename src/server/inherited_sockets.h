// Listening sockets that the process was started with: by a service manager (socket activation of systemd), or by a server
// that makes way for this one (server/upgrade.h).
//
//   ASSIGN_OR_RETURN(InheritedSockets sockets, InheritedSockets::Take());
//   options.socket = sockets.TakeOf("http");
//
// LISTEN_FDS says how many there are from descriptor 3 on, LISTEN_FDNAMES whose each is: http, grpc, metrics, sagemaker or
// vertex, with colons between them. LISTEN_PID is the process that is meant. Source: sd_listen_fds(3).
#pragma once

#include <map>
#include <string>

#include "base/owned_descriptor.h"
#include "base/status.h"
#include "net/given_socket.h"

namespace neso {

// Confined to the main thread.
class InheritedSockets {
 public:
  // Takes the variables out of the environment, which programs that plug-ins start would read; so before there are other
  // threads. Error: kInvalidArg for a name that is none of the above, or twice.
  static Expected<InheritedSockets> Take();

  // The socket of that service; one without descriptor when there is none. Each can be taken once; the rest is closed.
  net::GivenSocket TakeOf(const std::string& service);
  // To a server that waits to make way: now.
  void TellPredecessor();
  bool has_predecessor() const { return predecessor_.get() >= 0; }

 private:
  std::map<std::string, OwnedDescriptor> sockets_;  // by service
  OwnedDescriptor predecessor_{-1};
};

}  // namespace neso
