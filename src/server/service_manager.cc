#include "server/service_manager.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/owned_descriptor.h"
#include "base/thread_start.h"

namespace neso {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kLoadingInterval{5000};
// How far one message puts off the time limit of the start.
constexpr microseconds kExtension = std::chrono::seconds(30);

int64_t NumberOf(const char* text) {
  int64_t number = 0;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

microseconds WatchdogOf(const Environment& environment) {
  const int64_t wanted_of = NumberOf(environment("WATCHDOG_PID"));
  if (wanted_of != 0 && wanted_of != getpid()) return {};
  return microseconds(std::max<int64_t>(0, NumberOf(environment("WATCHDOG_USEC"))));
}

}  // namespace

ServiceManager::ServiceManager(const Environment& environment) {
  const char* const socket = environment("NOTIFY_SOCKET");
  if (socket == nullptr || (socket[0] != '/' && socket[0] != '@')) return;
  if (std::strlen(socket) >= sizeof(sockaddr_un::sun_path)) return;
  socket_ = socket;
  watchdog_ = WatchdogOf(environment);
  // Twice in its time, and a time limit of the start is put off, too.
  interval_ = kLoadingInterval;
  if (watchdog_.count() > 0) interval_ = std::min(interval_, std::chrono::duration_cast<milliseconds>(watchdog_ / 2));
  interval_ = std::max(interval_, milliseconds(1));
}

ServiceManager::~ServiceManager() { End(); }

void ServiceManager::Loading() {
  if (!is_there()) return;
  {
    MutexLock lock(mutex_);
    is_loading_ = true;
  }
  Send("STATUS=Loading models");
  StartThread();
}

void ServiceManager::Serving(std::string_view status, Probe probe) {
  if (!is_there()) return;
  {
    MutexLock lock(mutex_);
    is_loading_ = false;
    probe_ = std::move(probe);
  }
  // By its number, too: a process that has taken over from another is the service from now on.
  Send(fmt::format("READY=1\nSTATUS={}\nMAINPID={}", status, getpid()));
}

void ServiceManager::Describe(std::string_view status) {
  if (is_there()) Send(fmt::format("STATUS={}", status));
}

void ServiceManager::Stopping(milliseconds time) {
  if (!is_there()) return;
  Send(fmt::format("STOPPING=1\nSTATUS=Finishing what is under way\nEXTEND_TIMEOUT_USEC={}",
                   microseconds(time).count()));
}

void ServiceManager::HandOver(pid_t successor) {
  if (!is_there()) return;
  End();
  // What the successor has said of itself until now, a manager that listens to the main process only has not heard.
  Send(fmt::format("MAINPID={}\nSTATUS=Serving", successor));
  socket_.clear();
}

void ServiceManager::Send(const std::string& message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract name
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const OwnedDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
             size) < 0) {
    LOG_WARNING("the service manager cannot be told '{}': {}", message, std::strerror(errno));
  }
}

void ServiceManager::StartThread() {
  if (!TryStartThread(thread_, "the service manager", [this] { ThreadMain(); })) return;
  pthread_setname_np(thread_.native_handle(), "neso-notify");
}

void ServiceManager::End() {
  {
    MutexLock lock(mutex_);
    is_ending_ = true;
  }
  changed_.Set();
  if (thread_.joinable()) thread_.join();
}

void ServiceManager::ThreadMain() {
  while (true) {
    {
      MutexLock lock(mutex_);
      if (is_ending_) return;
    }
    Tick();
    changed_.WaitUntil(std::chrono::steady_clock::now() + interval_);
  }
}

void ServiceManager::Tick() {
  Probe probe;
  {
    MutexLock lock(mutex_);
    // Within the lock: once it has heard that the server is ready, the manager is not told of loading any more.
    if (is_loading_) return Send(fmt::format("EXTEND_TIMEOUT_USEC={}", kExtension.count()));
    probe = probe_;
  }
  if (watchdog_.count() == 0 || !probe) return;
  if (probe()) return Send("WATCHDOG=1");
  LOG_ERROR("a network thread does not answer; the service manager's watchdog is not told that all is well");
}

}  // namespace neso
