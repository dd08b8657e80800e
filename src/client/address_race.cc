#include "client/address_race.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <vector>

#include "client/endpoint.h"

namespace neso::client {
namespace {

constexpr std::chrono::milliseconds kHeadStart{250};

// 0, or why it is not connected.
int ErrorOf(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Sockets that are being connected.
class Race {
 public:
  void Enter(const addrinfo& address) {
    OwnedDescriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool runs =
        socket.get() >= 0 && (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0 || errno == EINPROGRESS);
    if (runs) {
      runners_.push_back(std::move(socket));
    } else {
      error_ = errno;
    }
  }

  // The first that is connected; none when another has failed, or at `until`.
  std::optional<OwnedDescriptor> Await(TimePoint until) {
    std::vector<pollfd> watched;
    for (const OwnedDescriptor& runner : runners_) watched.push_back({runner.get(), POLLOUT, 0});
    if (watched.empty() || !WaitForSockets(watched, until)) return std::nullopt;
    for (size_t i = watched.size(); i-- > 0;) {
      if (watched[i].revents == 0) continue;
      const int error = ErrorOf(watched[i].fd);
      if (error == 0) return std::move(runners_[i]);
      error_ = error;
      runners_.erase(runners_.begin() + static_cast<ptrdiff_t>(i));
    }
    return std::nullopt;
  }

  bool is_over() const { return runners_.empty(); }
  int error() const { return error_; }  // the last one

 private:
  std::vector<OwnedDescriptor> runners_;
  int error_ = EADDRNOTAVAIL;
};

}  // namespace

Expected<OwnedDescriptor> ConnectToFirst(const addrinfo* addresses, TimePoint deadline) {
  Race race;
  for (const addrinfo* next = addresses; next != nullptr || !race.is_over();) {
    if (next != nullptr) {
      race.Enter(*next);
      next = next->ai_next;
    }
    const TimePoint now = std::chrono::steady_clock::now();
    const TimePoint until = next == nullptr ? deadline : std::min<TimePoint>(deadline, now + kHeadStart);
    if (std::optional<OwnedDescriptor> socket = race.Await(until)) return *std::move(socket);
    if (!race.is_over() && std::chrono::steady_clock::now() >= deadline)
      return Unavailable("{}", std::strerror(ETIMEDOUT));
  }
  return Unavailable("{}", std::strerror(race.error()));
}

}  // namespace neso::client
