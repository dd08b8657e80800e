#include "net/socket_address.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace neso::net {
namespace {

constexpr int kBacklog = 4096;

struct AddressList {
  addrinfo* first = nullptr;
  ~AddressList() {
    if (first != nullptr) freeaddrinfo(first);
  }
};

constexpr std::string_view kUnixPrefix = "unix:";

Status SocketError(const std::string& address, uint16_t port, std::error_code error) {
  if (error == std::errc::address_in_use) return Unavailable("Socket '{}:{}' already in use ", address, port);
  return Unavailable("cannot listen on '{}:{}': {}", address, port, error.message());
}

Status SocketError(const std::string& address, uint16_t port) {
  return SocketError(address, port, {errno, std::generic_category()});
}

void SetOption(int fd, int level, int name) {
  const int on = 1;
  setsockopt(fd, level, name, &on, sizeof on);
}

uint16_t BoundPort(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      port_(other.port_),
      is_shared_(other.is_shared_),
      file_(std::move(other.file_)) {}

ListenSocket::~ListenSocket() {
  if (fd_ >= 0) close(fd_);
}

void ListenSocket::Share() {
  is_shared_ = true;
  file_.Release();
}

void ListenSocket::StopListening() {
  if (is_shared_) return;
  shutdown(fd_, SHUT_RDWR);
  file_.Remove();
}

Expected<ListenSocket> ListenSocket::Open(const std::string& address, uint16_t port, bool reuse_port) {
  if (address.starts_with(kUnixPrefix)) return OpenUnix(address, port);
  std::string host = address;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  if (host.starts_with("ipv6:")) {
    hints.ai_family = AF_INET6;
    host.erase(0, 5);
  } else if (host.starts_with("ipv4:")) {
    hints.ai_family = AF_INET;
    host.erase(0, 5);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  AddressList found;
  const int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found.first);
  if (failure != 0) return InvalidArg("cannot listen on '{}:{}': {}", address, port, gai_strerror(failure));

  const addrinfo& where = *found.first;
  const int fd = socket(where.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return SocketError(address, port);
  ListenSocket listener(fd, port);
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR);
  if (reuse_port) SetOption(fd, SOL_SOCKET, SO_REUSEPORT);
  if (where.ai_family == AF_INET6) SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  // Accepted sockets inherit these.
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE);
  if (bind(fd, where.ai_addr, where.ai_addrlen) != 0 || listen(fd, kBacklog) != 0) return SocketError(address, port);
  listener.port_ = BoundPort(fd);
  return listener;
}

Expected<ListenSocket> ListenSocket::Adopt(GivenSocket given, const std::string& address, uint16_t port) {
  ListenSocket listener(given.fd, port);
  listener.is_shared_ = !given.is_ours_alone;
  int listens = 0;
  socklen_t size = sizeof listens;
  if (getsockopt(given.fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
    return InvalidArg("the descriptor that the process was given for '{}:{}' is no socket that listens", address, port);
  }
  fcntl(given.fd, F_SETFL, fcntl(given.fd, F_GETFL) | O_NONBLOCK);
  if (address.starts_with(kUnixPrefix)) {
    if (given.is_ours_alone) listener.file_.Adopt(address.substr(kUnixPrefix.size()));
    listener.port_ = 0;
    return listener;
  }
  SetOption(given.fd, IPPROTO_TCP, TCP_NODELAY);
  SetOption(given.fd, SOL_SOCKET, SO_KEEPALIVE);
  listener.port_ = BoundPort(given.fd);
  return listener;
}

Expected<ListenSocket> ListenSocket::OpenUnix(const std::string& address, uint16_t port) {
  const std::string path = address.substr(kUnixPrefix.size());
  if (path.empty() || path.size() > SocketFile::MaxPathBytes()) {
    return InvalidArg("the path of a Unix-domain socket has 1 to {} characters, got '{}'", SocketFile::MaxPathBytes(),
                      path);
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return SocketError(address, port);
  ListenSocket listener(fd, 0);
  if (const std::error_code error = listener.file_.Bind(fd, path)) return SocketError(address, port, error);
  if (listen(fd, kBacklog) != 0) return SocketError(address, port);
  return listener;
}

Status ListenSocket::AddNameWithPort(const std::string& address, uint16_t port) {
  if (!address.starts_with(kUnixPrefix) || port == 0 || is_shared_) return {};
  const std::error_code error = file_.AddName(fmt::format("{}:{}", address.substr(kUnixPrefix.size()), port));
  return error ? SocketError(address, port, error) : Status();
}

}  // namespace neso::net
