#include "net/http_server.h"

#include <algorithm>
#include <utility>

#include "net/connection.h"
#include "net/listener.h"

namespace neso::net {
namespace {

// A limit is noticed at most a quarter of it late, and at most a second.
Nanoseconds SweepPeriod(const HttpServerOptions& options) {
  auto shortest = std::min(options.head_timeout, options.body_timeout);
  if (options.idle_timeout.count() > 0) shortest = std::min(shortest, options.idle_timeout);
  return std::clamp<Nanoseconds>(shortest / 4, std::chrono::milliseconds(10), std::chrono::seconds(1));
}

class EpollHttpServer final : public HttpServer, public Sweepable {
 public:
  EpollHttpServer(ReactorPool& reactors, std::shared_ptr<ServerContext> context, ListenSocket socket)
      : sentinel_(reactors.sentinel()),
        context_(std::move(context)),
        listener_(std::make_shared<Listener>(reactors, context_, std::move(socket))),
        port_(listener_->port()) {
    sentinel_.AddSweepable(this, SweepPeriod(context_->options));
  }

  ~EpollHttpServer() override {
    BeginDrain();
    context_->ending = true;
    for (const auto& connection : context_->Select([](const Connection&) { return true; }))
      connection->Enter(kAbort, nullptr);
    context_->WaitUntilQuiet();
    sentinel_.RemoveSweepable(this);
  }

  Status Listen() { return listener_->Start(); }

  uint16_t port() const override { return port_; }
  size_t ConnectionCount() const override { return context_->ConnectionCount(); }

  void BeginDrain() override {
    if (context_->draining.exchange(true)) return;
    listener_->Stop();
    for (const auto& connection : context_->Select([](const Connection&) { return true; }))
      connection->Enter(kDrain, nullptr);
  }

  bool Sweep(TimePoint now) override {
    bool more = false;
    const auto overdue = context_->Select([&](const Connection& connection) {
      more |= connection.HasDeadline();
      return connection.IsOverdue(now);
    });
    for (const auto& connection : overdue) connection->Enter(kDeadline, nullptr);
    return more;
  }

 private:
  ReactorSentinel& sentinel_;
  const std::shared_ptr<ServerContext> context_;
  const std::shared_ptr<Listener> listener_;
  const uint16_t port_;
};

}  // namespace

Expected<std::unique_ptr<HttpServer>> HttpServer::Start(ReactorPool& reactors, HttpHandler& handler,
                                                        HttpServerOptions options) {
  ASSIGN_OR_RETURN(ListenSocket socket, ListenSocket::Open(options.address, options.port, options.reuse_port));
  auto context = std::make_shared<ServerContext>(handler, std::move(options), reactors.sentinel());
  auto server = std::make_unique<EpollHttpServer>(reactors, std::move(context), std::move(socket));
  RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace neso::net
