// A client that sends faster than the server can read, over a TLS that is none: there is always more to read.
#include "net/http1/http1_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "net/net_test_util.h"
#include "net/tls_credentials.h"

namespace neso::net {
namespace {

class EndlessInput final : public TlsTransport {
 public:
  explicit EndlessInput(std::string_view beginning) : beginning_(beginning) {}
  Handshake Shake() override { return Handshake::kDone; }
  std::string failure() const override { return {}; }
  IoResult Read(std::span<iovec> pieces) override {
    size_t bytes = 0;
    for (const iovec& piece : pieces) {
      auto* const out = static_cast<char*>(piece.iov_base);
      for (size_t i = 0; i < piece.iov_len; i++) out[i] = i % 2 == 0 ? '\r' : '\n';
      const size_t ours = std::min(beginning_.size(), piece.iov_len);
      std::memcpy(out, beginning_.data(), ours);
      beginning_.remove_prefix(ours);
      bytes += piece.iov_len;
    }
    return {IoResult::State::kOk, bytes, false};
  }
  IoResult Write(std::span<iovec> pieces) override {
    size_t bytes = 0;
    for (const iovec& piece : pieces) bytes += piece.iov_len;
    return {IoResult::State::kOk, bytes, false};
  }
  void FinishWriting() override {}
  void Abort() override {}

 private:
  std::string_view beginning_;
};

// Of clients that send `beginning`, and line ends without end behind it.
HttpServerOptions EndlessClients(std::string_view beginning) {
  class Context final : public TlsContext {
   public:
    explicit Context(std::string_view beginning) : beginning_(beginning) {}
    std::unique_ptr<TlsTransport> Accept(Transport&) const override {
      return std::make_unique<EndlessInput>(beginning_);
    }

   private:
    const std::string_view beginning_;
  };
  auto loaded =
      TlsCredentials::Load("test", {}, [beginning](const TlsSettings&) -> Expected<std::unique_ptr<TlsContext>> {
        return std::unique_ptr<TlsContext>(std::make_unique<Context>(beginning));
      });
  EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
  return {.tls = *std::move(loaded)};
}

TEST(Http1SessionTest, AnEndlessSenderLeavesItsThreadToOthersAndEndsWithTheServer) {
  TestServer server(EndlessClients(""));
  TestClient client(server.port());
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 1; }));
  server.Stop();
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(Http1SessionTest, WhatIsSentBehindTheLastRequestDoesNotKeepWhoAnswersIt) {
  TestServer server(EndlessClients("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
  std::atomic<bool> has_answered{false};
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    server.Post([&has_answered, exchange] {
      exchange->Respond({});
      has_answered = true;
    });
  };
  TestClient client(server.port());
  EXPECT_TRUE(test::Eventually([&] { return has_answered.load(); }));
  // No longer than it takes to be heard.
  EXPECT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
}

}  // namespace
}  // namespace neso::net
