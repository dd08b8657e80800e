#include "server/inherited_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "server/upgrade.h"

namespace neso {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr int kMaxSockets = 64;
constexpr std::array<std::string_view, 5> kServices = {"http", "grpc", "metrics", "sagemaker", "vertex"};

// Takes the variable out of the environment; -1: it is not there, or no number.
int TakeNumber(const char* name) {
  const char* const text = std::getenv(name);
  int number = -1;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  unsetenv(name);
  return number;
}

std::string TakeText(const char* name) {
  const char* const text = std::getenv(name);
  std::string taken = text == nullptr ? "" : text;
  unsetenv(name);
  return taken;
}

}  // namespace

Expected<InheritedSockets> InheritedSockets::Take() {
  const int count = TakeNumber("LISTEN_FDS");
  const int process = TakeNumber("LISTEN_PID");
  const int predecessor = TakeNumber(kUpgradeVariable);
  const std::string names = TakeText("LISTEN_FDNAMES");
  InheritedSockets taken;
  if (predecessor >= kFirstDescriptor) {
    taken.predecessor_ = OwnedDescriptor(predecessor);
    fcntl(predecessor, F_SETFD, FD_CLOEXEC);
  }
  // A server that makes way starts us without knowing our number beforehand.
  if (count <= 0 || count > kMaxSockets || (process != getpid() && !taken.has_predecessor())) return taken;
  std::vector<OwnedDescriptor> descriptors;
  for (int fd = kFirstDescriptor; fd < kFirstDescriptor + count; ++fd) {
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    descriptors.emplace_back(fd);
  }
  std::string_view rest = names;
  for (OwnedDescriptor& descriptor : descriptors) {
    const std::string name(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (std::find(kServices.begin(), kServices.end(), name) == kServices.end()) {
      return InvalidArg("expected sockets named {} (FileDescriptorName= of a socket unit). Got '{}'",
                        Join(std::vector<std::string>(kServices.begin(), kServices.end()), ", "), name);
    }
    if (!taken.sockets_.emplace(name, std::move(descriptor)).second) {
      return InvalidArg("expected one socket named '{}'. Got two", name);
    }
  }
  return taken;
}

net::GivenSocket InheritedSockets::TakeOf(const std::string& service) {
  const auto found = sockets_.find(service);
  if (found == sockets_.end()) return {};
  const net::GivenSocket given{.fd = found->second.Release(), .is_ours_alone = has_predecessor()};
  sockets_.erase(found);
  return given;
}

void InheritedSockets::TellPredecessor() {
  if (!has_predecessor()) return;
  [[maybe_unused]] const ssize_t written = write(predecessor_.get(), "1", 1);
  predecessor_ = OwnedDescriptor(-1);
}

}  // namespace neso
