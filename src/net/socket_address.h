// Where a server listens: "0.0.0.0", "localhost", "ipv4:<addr>", "ipv6:<addr>" or "unix:<path>".
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace neso::net {

// A listening, non-blocking socket. Owns the descriptor and the path of a Unix-domain socket.
class ListenSocket {
 public:
  // Errors: kUnavailable "Socket 'ADDR:PORT' already in use " when the address is taken, kInvalidArg when it has no
  // meaning.
  static Expected<ListenSocket> Open(const std::string& address, uint16_t port, bool reuse_port);
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;
  ~ListenSocket();

  int fd() const { return fd_; }
  uint16_t port() const { return port_; }  // 0 for a Unix-domain socket
  // Refuses new connections from now on; the descriptor stays until the end of this object.
  void StopListening();

 private:
  ListenSocket(int fd, uint16_t port, std::string path) : fd_(fd), port_(port), path_(std::move(path)) {}
  static Expected<ListenSocket> OpenUnix(const std::string& path);

  int fd_;
  uint16_t port_;
  std::string path_;
};

}  // namespace neso::net
