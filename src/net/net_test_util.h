// A server with a scriptable handler and a blocking client, for the tests of this room.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/test_support.h"
#include "net/http_server.h"
#include "net/reactor/reactor_pool.h"

namespace neso::net {

inline std::string BodyText(const HttpExchange& exchange) {
  return exchange.body() ? std::string(exchange.body()->data(), exchange.body()->size()) : std::string();
}

class TestHandler final : public HttpHandler {
 public:
  BodyPolicy OnHead(const HttpHead& head) override { return on_head ? on_head(head) : BodyPolicy{}; }
  void OnRequest(HttpExchangeRef exchange) override {
    if (on_request) return on_request(std::move(exchange));
    // "METHOD PATH?QUERY CHUNKS" and the body.
    HttpResponse response;
    response.content_type = "text/plain";
    const HttpHead& head = exchange->head();
    response.body = std::string(head.method) + " " + std::string(head.path);
    if (!head.query.empty()) response.body += "?" + std::string(head.query);
    response.body += " " + std::to_string(exchange->body_chunks()) + BodyText(*exchange);
    exchange->Respond(std::move(response));
  }

  std::function<BodyPolicy(const HttpHead&)> on_head;
  std::function<void(HttpExchangeRef)> on_request;
};

// Leaves a request without an answer, as long as it lives or until it is dropped. Thread-safe.
class UnansweredExchange {
 public:
  void Keep(HttpExchangeRef exchange) {
    MutexLock lock(mutex_);
    exchange_ = std::move(exchange);
  }
  void Drop() { Keep(nullptr); }

 private:
  Mutex mutex_;
  HttpExchangeRef exchange_ GUARDED_BY(mutex_);
};

class TestServer {
 public:
  explicit TestServer(HttpServerOptions options = {}, ReactorOptions reactor_options = {.groups = 1})
      : executor_("test-exec", 8), reactors_(executor_, reactor_options) {
    if (options.address == "0.0.0.0") options.address = "127.0.0.1";
    auto started = HttpServer::Start(reactors_, handler_, options);
    EXPECT_TRUE(started.ok()) << started.status().ToString();
    if (started.ok()) server_ = *std::move(started);
  }

  uint16_t port() const { return server_->port(); }
  TestHandler& handler() { return handler_; }
  HttpServer& server() { return *server_; }
  void Stop() { server_.reset(); }
  ReactorPool& reactors() { return reactors_; }
  // Runs `work` on a thread that is none of the network's.
  template <typename Work>
  void Post(Work work) {
    EXPECT_TRUE(executor_.Post(std::move(work)));
  }

 private:
  TestHandler handler_;
  Executor executor_;
  ReactorPool reactors_;
  std::unique_ptr<HttpServer> server_;
};

class TestClient {
 public:
  explicit TestClient(uint16_t port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0) << std::strerror(errno);
  }
  explicit TestClient(const std::string& unix_path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, unix_path.data(), unix_path.size());
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0) << std::strerror(errno);
  }
  ~TestClient() { Close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void Reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    Close();
  }
  void FinishSending() { shutdown(fd_, SHUT_WR); }

  // False when the server has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  // More bytes into the buffer; false at the end of the connection or after 20 s.
  bool Receive() {
    pollfd wait{fd_, POLLIN, 0};
    if (poll(&wait, 1, 20'000) <= 0) return false;
    char bytes[65536];
    const ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  // The next answer, head and body (by Content-Length); what there is if the connection ends before.
  std::string ReadResponse() {
    size_t head_end;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return std::exchange(buffer_, {});
    }
    size_t length = 0;
    const size_t at = buffer_.find("Content-Length: ");
    if (at != std::string::npos && at < head_end) {
      std::from_chars(buffer_.data() + at + 16, buffer_.data() + head_end, length);
    }
    const size_t total = head_end + 4 + length;
    while (buffer_.size() < total && Receive()) {
    }
    std::string response = buffer_.substr(0, total);
    buffer_.erase(0, total);
    return response;
  }
  // Body only.
  std::string ReadBody() {
    const std::string response = ReadResponse();
    const size_t head_end = response.find("\r\n\r\n");
    return head_end == std::string::npos ? "no response" : response.substr(head_end + 4);
  }
  // Everything up to the end of the connection.
  std::string ReadAll() {
    while (Receive()) {
    }
    return std::exchange(buffer_, {});
  }
  // "200", or what came instead.
  std::string ReadStatus() {
    const std::string response = ReadResponse();
    return response.starts_with("HTTP/1.1 ") ? response.substr(9, 3) : response;
  }
  // What was received and not yet read.
  std::string TakeReceived() { return std::exchange(buffer_, {}); }
  int fd() const { return fd_; }

 private:
  int fd_;
  std::string buffer_;
};

}  // namespace neso::net
