#include "net/listener.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "base/exception_status.h"
#include "base/log.h"
#include "base/log_throttle.h"
#include "net/connection.h"

namespace neso::net {
namespace {
constexpr int kAcceptsPerTurn = 64;
constexpr size_t kSparedPerAccept = 16;
constexpr std::chrono::milliseconds kPause{5};

int FirstReservedDescriptor() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX) return INT32_MAX;
  const auto all = static_cast<int>(limit.rlim_cur);
  return all - std::clamp(all / 8, 4, 64);
}

int OpenSpare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
}  // namespace

Listener::Listener(ReactorPool& reactors, std::shared_ptr<ServerContext> context, ListenSocket socket)
    : reactors_(reactors),
      context_(std::move(context)),
      socket_(std::move(socket)),
      is_shared_(socket_.is_shared()),
      group_(reactors.NextGroup()),
      spare_fd_(OpenSpare()),
      first_reserved_fd_(FirstReservedDescriptor()) {}

Listener::~Listener() {
  if (spare_fd_ >= 0) close(spare_fd_);
}

Status Listener::Start() { return group_.Add(socket_.fd(), EPOLLIN, this); }

void Listener::Stop() {
  socket_.StopListening();
  group_.Remove(socket_.fd(), shared_from_this());
  group_.RequestTurn(shared_from_this());  // a round, after which the descriptor is really closed
}

void Listener::Leave() {
  is_shared_ = true;
  socket_.Share();
  group_.Remove(socket_.fd(), shared_from_this());
}

void Listener::OnEvents(uint32_t events, Top& top) {
  try {
    for (int i = 0; i < kAcceptsPerTurn && AcceptOne(top); i++) {
    }
  } catch (...) {
    LogException("a new connection");
  }
}

bool Listener::AcceptOne(Top& top) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  OwnedDescriptor fd(accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.get() < 0) {
    if (errno == EINTR || errno == ECONNABORTED) return true;
    if (errno == EAGAIN) return false;
    const bool no_descriptors = errno == EMFILE || errno == ENFILE;
    if (no_descriptors) SpareSome();
    // The socket stays ready, also where memory is lacking: not to be asked again and again, this thread takes a rest.
    if (!no_descriptors || !Shed()) std::this_thread::sleep_for(kPause);
    return false;
  }
  const bool is_short = fd.get() >= first_reserved_fd_;
  if (is_short) SpareSome();
  // Of a socket that others accept from, too, clients do not find out that we stop: the last one is still served.
  const bool is_over = context_->draining && !is_shared_;
  if (is_over || context_->ConnectionCount() >= context_->options.limits.max_connections) {
    context_->load.refused_connections.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  std::make_shared<Connection>(context_, reactors_.NextGroup(), std::move(fd), is_short, PeerAddress(address, size))
      ->Open(top);
  return true;
}

bool Listener::Shed() {
  static LogThrottle throttle;
  if (throttle.Allow()) {
    LOG_WARNING("connections are refused: there are no file descriptors left (look at ulimit -n)");
  }
  if (spare_fd_ >= 0) close(spare_fd_);
  const int fd = accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) {
    context_->load.refused_connections.fetch_add(1, std::memory_order_relaxed);
    close(fd);
  }
  spare_fd_ = OpenSpare();
  return fd >= 0;
}

void Listener::SpareSome() {
  for (const std::shared_ptr<Connection>& connection : context_->TakeTurns(kSparedPerAccept)) {
    connection->Enter(kSpare, nullptr);
  }
}

}  // namespace neso::net
