#include "net/listener.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/connection.h"

namespace neso::net {
namespace {
constexpr int kAcceptsPerTurn = 64;
int OpenSpare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }
}  // namespace

Listener::Listener(ReactorPool& reactors, std::shared_ptr<ServerContext> context, ListenSocket socket)
    : reactors_(reactors),
      context_(std::move(context)),
      socket_(std::move(socket)),
      group_(reactors.NextGroup()),
      spare_fd_(OpenSpare()) {}

Listener::~Listener() {
  if (spare_fd_ >= 0) close(spare_fd_);
}

Status Listener::Start() { return group_.Add(socket_.fd(), EPOLLIN, this); }

void Listener::Stop() {
  socket_.StopListening();
  group_.Remove(socket_.fd(), shared_from_this());
  group_.RequestTurn(shared_from_this());  // a round, after which the descriptor is really closed
}

void Listener::OnEvents(uint32_t events, Top& top) {
  for (int i = 0; i < kAcceptsPerTurn; i++) {
    const int fd = accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) Shed();
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    if (context_->draining || context_->ConnectionCount() >= context_->options.max_connections) {
      close(fd);
      continue;
    }
    std::make_shared<Connection>(context_, reactors_.NextGroup(), fd)->Open(top);
  }
}

void Listener::Shed() {
  if (spare_fd_ >= 0) close(spare_fd_);
  const int fd = accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  spare_fd_ = OpenSpare();
}

}  // namespace neso::net
