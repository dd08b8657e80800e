#include "wire.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstring>

namespace neso::redis_cache {

using backend::Result;
using backend::Status;

Result<size_t> Socket::Read(std::span<char> room) {
  while (true) {
    const ssize_t got = recv(fd_, room.data(), room.size(), 0);
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return Failure(errno);
  }
}

Status Socket::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    // A closed connection must not raise SIGPIPE in a program that embeds the server.
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EINTR) {
      return Failure(errno);
    }
  }
  return {};
}

Status Socket::Failure(int error) {
  // What ran into its time limit looks like something that would block.
  timed_out_ = error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT;
  return Status::Unavailable(timed_out_ ? "no answer in time" : std::strerror(error));
}

}  // namespace neso::redis_cache
