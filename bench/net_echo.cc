// An echo of request bodies on our HTTP engine, to be compared with epoll_echo.
//
//   net_echo PORT [inline|executor]
//
// "inline" answers in the handler; "defer" (the default) answers in work deferred to the network thread, as inference
// is; "executor" answers on another thread.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/executor.h"
#include "base/inline_host.h"
#include "net/http_server.h"
#include "net/reactor/reactor_pool.h"

namespace {

using neso::net::HttpExchangeRef;

void Echo(HttpExchangeRef exchange) {
  neso::net::HttpResponse response;
  if (exchange->body()) {
    response.parts.push_back({exchange->body()->data(), exchange->body()->size()});
    response.release = exchange;
  }
  exchange->Respond(std::move(response));
}

class Work final : public neso::Runnable {
 public:
  explicit Work(HttpExchangeRef exchange) : exchange_(std::move(exchange)) {}
  void Run() override {
    Echo(std::move(exchange_));
    delete this;
  }
  neso::Nanoseconds ExpectedDuration() const override { return std::chrono::microseconds(2); }

 private:
  HttpExchangeRef exchange_;
};

class EchoHandler final : public neso::net::HttpHandler {
 public:
  EchoHandler(std::string_view mode, neso::Executor& executor) : mode_(mode), executor_(executor) {}
  neso::net::BodyPolicy OnHead(const neso::net::HttpHead&) override { return {}; }
  void OnRequest(HttpExchangeRef exchange) override {
    if (mode_ == "inline") return Echo(std::move(exchange));
    if (mode_ == "executor") return executor_.Post(new Work(std::move(exchange)));
    neso::InlineHost::Current()->Defer(new Work(std::move(exchange)));
  }

 private:
  const std::string_view mode_;
  neso::Executor& executor_;
};

}  // namespace

int main(int argc, char** argv) {
  neso::Executor executor("exec", 4);
  EchoHandler handler(argc > 2 ? argv[2] : "defer", executor);
  neso::net::ReactorPool reactors(executor);
  neso::net::HttpServerOptions options;
  options.port = static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9001);
  const auto server = neso::net::HttpServer::Start(reactors, handler, options);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message().c_str());
    return 1;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  int received = 0;
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  sigwait(&signals, &received);
}
