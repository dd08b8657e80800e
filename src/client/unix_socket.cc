#include "client/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace neso::client {
namespace {

Status Failed(int error) { return Unavailable("{}", std::strerror(error)); }

// No time at all would be for ever.
timeval TimeUntil(TimePoint deadline) {
  using std::chrono::microseconds;
  const auto left = std::chrono::ceil<microseconds>(deadline - std::chrono::steady_clock::now());
  const microseconds most = std::chrono::hours(24);
  const auto us = std::clamp(left, microseconds(1), most).count();
  return {.tv_sec = us / 1'000'000, .tv_usec = us % 1'000'000};
}

}  // namespace

Expected<OwnedDescriptor> ConnectUnixSocket(const std::string& path, TimePoint deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Failed(ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  // A non-blocking one is not told when the server has room for it: it would have to ask again and again.
  OwnedDescriptor connected(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connected.get() < 0) return Failed(errno);
  const timeval patience = TimeUntil(deadline);
  setsockopt(connected.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  if (connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Failed(errno == EAGAIN ? ETIMEDOUT : errno);
  fcntl(connected.get(), F_SETFL, O_NONBLOCK);
  return connected;
}

}  // namespace neso::client
