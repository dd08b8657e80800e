#include "server/ports.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "base/owned_descriptor.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

struct Service {
  const char* name;
  const char* option;
  bool allow;
  std::string address;
  int* port;
};

std::array<Service, 3> ServicesOf(Options& options) {
  const std::string metrics = options.metrics.address.empty() ? options.http.address : options.metrics.address;
  return {{{"HTTP", "http-port", options.http.allow, options.http.address, &options.http.port},
           {"gRPC", "grpc-port", options.grpc.allow, options.grpc.address, &options.grpc.port},
           {"metrics", "metrics-port", options.server.metrics, metrics, &options.metrics.port}}};
}

// Whether somebody listens there. Other troubles with the address are told when the service starts.
bool IsTaken(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  const OwnedDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;  // connections that have ended a minute ago hold nobody up
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool taken = bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 && errno == EADDRINUSE;
  freeaddrinfo(found);
  return taken;
}

// The number of the socket that listens on the port, as /proc shows it; empty: unknown.
std::string SocketOf(int port) {
  constexpr const char* kListening = "0A";
  for (const char* const table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);  // headings
    while (std::getline(file, line)) {
      std::istringstream words(line);
      std::string slot, local, remote, state, skipped, inode;
      words >> slot >> local >> remote >> state >> skipped >> skipped >> skipped >> skipped >> skipped >> inode;
      const size_t colon = local.rfind(':');
      if (colon == std::string::npos || state != kListening) continue;
      if (std::strtol(local.c_str() + colon + 1, nullptr, 16) == port) return "socket:[" + inode + "]";
    }
  }
  return {};
}

// " by 'python3' (process 1234)", or nothing when it is another user's.
std::string Holder(int port) {
  const std::string socket = SocketOf(port);
  if (socket.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    std::error_code unreadable;
    for (fs::directory_iterator fd(it->path() / "fd", unreadable), none; !unreadable && fd != none;
         fd.increment(unreadable)) {
      std::error_code gone;
      if (fs::read_symlink(fd->path(), gone) != socket) continue;
      std::ifstream name(it->path() / "comm");
      std::string text;
      std::getline(name, text);
      return fmt::format(" by '{}' (process {})", text, it->path().filename().string());
    }
  }
  return " by a process of another user";
}

}  // namespace

Status CheckPorts(const Options& options) {
  Options copy = options;
  for (const Service& service : ServicesOf(copy)) {
    if (!service.allow || *service.port == 0 || !IsTaken(service.address, *service.port)) continue;
    return Unavailable("port {}, for {}, is taken{}: end that, or say --port auto, --port <another>, or --{}=<another>",
                       *service.port, service.name, Holder(*service.port), service.option);
  }
  return {};
}

void ChoosePorts(Options& options) {
  constexpr int kLast = 65535;
  std::set<int> given;
  for (const Service& service : ServicesOf(options)) {
    if (options.given.contains(service.option)) given.insert(*service.port);
  }
  for (const Service& service : ServicesOf(options)) {
    if (!service.allow || options.given.contains(service.option)) continue;
    while (*service.port < kLast && (given.contains(*service.port) || IsTaken(service.address, *service.port))) {
      ++*service.port;
    }
    given.insert(*service.port);
  }
}

}  // namespace neso
