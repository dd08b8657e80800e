// One keep-alive client on a Unix-domain socket against an echo handler: time and allocations per request, both ends in
// one process (the client side allocates nothing).
//
//   http_engine_benchmark --benchmark_filter=.
#include <benchmark/benchmark.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/allocation_counter.h"
#include "base/executor.h"
#include "base/inline_host.h"
#include "net/http_server.h"
#include "net/reactor/reactor_pool.h"

namespace neso::net {
namespace {

class EchoHandler final : public HttpHandler, public Runnable {
 public:
  BodyPolicy OnHead(const HttpHead&) override { return {}; }
  void OnRequest(HttpExchangeRef exchange) override {
    exchange_ = std::move(exchange);
    InlineHost::Current()->Defer(this);
  }
  void Run() override {
    HttpResponse response;
    response.content_type = "application/octet-stream";
    response.parts.push_back({exchange_->body()->data(), exchange_->body()->size()});
    response.release = exchange_;
    exchange_->Respond(std::move(response));
    exchange_.reset();
  }
  Nanoseconds ExpectedDuration() const override { return std::chrono::microseconds(1); }

 private:
  HttpExchangeRef exchange_;
};

void BM_Echo(benchmark::State& state) {
  const std::string path = "/tmp/neso_http_engine_benchmark_" + std::to_string(getpid());
  Executor executor("bench", 2);
  EchoHandler handler;
  ReactorPool reactors(executor, {.groups = 1});
  HttpServerOptions options;
  options.address = "unix:" + path;
  const auto server = HttpServer::Start(reactors, handler, options);
  if (!server) return state.SkipWithError("cannot listen");

  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, path.data(), path.size());
  if (connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) return state.SkipWithError("cannot connect");

  const auto size = static_cast<size_t>(state.range(0));
  const std::string request =
      "POST /v2/models/identity/infer HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nContent-Type: "
      "application/octet-stream\r\n"
      "Content-Length: " +
      std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  std::vector<char> answer(size + 4096);
  const auto round_trip = [&] {
    if (send(fd, request.data(), request.size(), 0) < 0) return false;
    size_t received = 0;
    size_t total = SIZE_MAX;
    while (received < total) {
      const ssize_t n = recv(fd, answer.data() + received, answer.size() - received, 0);
      if (n <= 0) return false;
      received += static_cast<size_t>(n);
      if (total == SIZE_MAX) {
        const void* end = memmem(answer.data(), received, "\r\n\r\n", 4);
        if (end != nullptr) total = static_cast<size_t>(static_cast<const char*>(end) - answer.data()) + 4 + size;
      }
    }
    return true;
  };
  round_trip();
  const AllocationCounter allocations;
  for (auto _ : state) {
    if (!round_trip()) return state.SkipWithError("connection lost");
  }
  allocations.Report(state, state.iterations());
  close(fd);
}
BENCHMARK(BM_Echo)->Arg(64)->Arg(4096)->Arg(100'000)->UseRealTime();

}  // namespace
}  // namespace neso::net
