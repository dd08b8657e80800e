// Where a server listens: "0.0.0.0", "localhost", "ipv4:<addr>", "ipv6:<addr>" or "unix:<path>".
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "net/given_socket.h"
#include "net/socket_file.h"

namespace neso::net {

// A listening, non-blocking socket. Owns the descriptor, and the file of a Unix-domain socket.
class ListenSocket {
 public:
  // The port of a Unix-domain socket is only shown. Errors: kUnavailable "Socket 'ADDR:PORT' already in use " when the
  // address is taken, kInvalidArg when it has no meaning.
  static Expected<ListenSocket> Open(const std::string& address, uint16_t port, bool reuse_port);
  // A socket that somebody else has made for `address`. Error: kInvalidArg when it is none that listens.
  static Expected<ListenSocket> Adopt(GivenSocket given, const std::string& address, uint16_t port);
  // Also "<path>:<port>" for a Unix-domain socket: the name by which clients of Triton's gRPC know it.
  Status AddNameWithPort(const std::string& address, uint16_t port);
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket();

  int fd() const { return fd_; }
  uint16_t port() const { return port_; }  // 0 for a Unix-domain socket
  // Somebody else listens on it, too, and has what belongs to it.
  bool is_shared() const { return is_shared_; }
  void Share();
  // Refuses new connections from now on, unless it is shared; the descriptor stays until the end of this object.
  void StopListening();

 private:
  ListenSocket(int fd, uint16_t port) : fd_(fd), port_(port) {}
  static Expected<ListenSocket> OpenUnix(const std::string& address, uint16_t port);

  int fd_;
  uint16_t port_;
  bool is_shared_ = false;
  SocketFile file_;
};

}  // namespace neso::net
