// Calls to a real server of ours.
#include "client/http_client.h"

#include <gtest/gtest.h>

#include "client/early_server_test_util.h"
#include "net/net_test_util.h"

namespace neso::client {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience{20'000};

Endpoint At(uint16_t port) { return {.host = "127.0.0.1", .port = port, .uses_tls = false, .path = {}}; }

TEST(EndpointTest, AddressesAreReadAsPeopleWriteThem) {
  const auto shown = [](std::string_view text) {
    const Expected<Endpoint> endpoint = ParseEndpoint(text, 8000);
    if (!endpoint) return endpoint.error().message();
    return fmt::format("{}{} {}", endpoint->uses_tls ? "tls " : "", endpoint->Authority(),
                       endpoint->socket_path.empty() ? endpoint->path : endpoint->Place());
  };
  EXPECT_EQ(shown("localhost"), "localhost:8000 ");
  EXPECT_EQ(shown("a:1"), "a:1 ");
  EXPECT_EQ(shown("[::1]:9"), "[::1]:9 ");
  EXPECT_EQ(shown("[::1]"), "[::1]:8000 ");
  EXPECT_EQ(shown("https://a:443/b/"), "tls a:443 /b");
  EXPECT_EQ(shown("unix:/run/s"), "localhost unix:/run/s");
  EXPECT_EQ(shown("https://unix:///run/s"), "tls localhost unix:/run/s");
  EXPECT_EQ(shown("unix:beside"), "localhost unix:beside");
  for (const char* bad : {"", ":1", "a:", "a:0", "a:70000", "a:x", "[::1", "http://", "unix:", "unix://s"}) {
    EXPECT_NE(shown(bad).find("expected HOST:PORT"), std::string::npos) << bad;
  }
}

TEST(HttpClientTest, CallsFollowEachOtherOnOneConnection) {
  net::TestServer server;
  HttpClient client(At(server.port()));
  for (const size_t size : {0u, 1u, 70'000u, 5'000'000u}) {
    const std::string body(size, 'b');
    const auto answer = client.Call({.method = "POST", .path = "/x", .body = body}, kPatience);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(answer->body == "POST /x 0" + body) << size;
    ASSERT_NE(answer->Find("content-length"), nullptr);
    EXPECT_EQ(*answer->Find("content-length"), std::to_string(answer->body.size()));
    EXPECT_EQ(answer->Find("x-none"), nullptr);
  }
  EXPECT_EQ(server.server().ConnectionCount(), 1u);
}

void AnswerWithZs(net::TestServer& server, size_t count) {
  server.handler().on_request = [count](net::HttpExchangeRef exchange) {
    net::HttpResponse response;
    response.body.resize(count, 'z');
    exchange->Respond(std::move(response));
  };
}

TEST(HttpClientTest, LargeAnswersArrive) {
  net::TestServer server;
  AnswerWithZs(server, 9'000'001);
  HttpClient client(At(server.port()));
  const auto answer = client.Call({}, kPatience);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->body.size(), 9'000'001u);
  EXPECT_EQ(answer->body.find_first_not_of('z'), std::string::npos);
}

TEST(HttpClientTest, AnAnswerIsAsLongAsIsAllowedOrIsTakenAsItComes) {
  net::TestServer server;
  AnswerWithZs(server, 9'000'000);
  HttpClient client(At(server.port()), /*max_body_bytes=*/1'000'000);
  const auto refused = client.Call({}, kPatience);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message().find("its body is longer than is allowed here"), std::string::npos);
  size_t taken = 0;
  const auto answer = client.Call({}, kPatience, [&taken](std::string_view more) {
    taken += more.size();
    return true;
  });
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(taken, 9'000'000u);
  EXPECT_EQ(answer->body, "") << "it is not kept besides";
}

bool IsUnwanted(TimePoint begin) { return std::chrono::steady_clock::now() > begin + milliseconds(30); }

TEST(HttpClientTest, AWaitThatIsOfNoUseAnyMoreEnds) {
  net::UnansweredExchange kept;
  net::TestServer server;
  server.handler().on_request = [&kept](net::HttpExchangeRef exchange) { kept.Keep(std::move(exchange)); };
  HttpClient client(At(server.port()));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(client.Call({}, {kPatience, IsUnwanted}).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatience / 2);
}

TEST(HttpClientTest, AConnectionWhoseRequestWasNotSentWholeIsNotUsedAgain) {
  EarlyServer server("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno", 2);
  std::string body;
  body.resize(30'000'000, 'b');
  {
    HttpClient client(At(server.port()));
    for (int i = 0; i < 2; ++i) {
      const auto answer = client.Call({.method = "POST", .path = "/x", .body = body}, kPatience);
      ASSERT_TRUE(answer.ok()) << answer.error().message();
      EXPECT_EQ(answer->status, 413);
    }
  }
  for (const std::string& received : server.Received()) EXPECT_EQ(received.rfind("POST"), 0u);
}

TEST(HttpClientTest, ASilentServerIsGivenUpInTime) {
  net::UnansweredExchange kept;
  net::TestServer server;
  server.handler().on_request = [&kept](net::HttpExchangeRef exchange) { kept.Keep(std::move(exchange)); };
  HttpClient client(At(server.port()));
  const auto answer = client.Call({}, milliseconds(30));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), StatusCode::kUnavailable);
  EXPECT_NE(answer.error().message().find("in time"), std::string::npos);
}

TEST(HttpClientTest, NobodyThereIsSaid) {
  uint16_t port = 0;
  {
    net::TestServer server;
    port = server.port();
  }
  HttpClient client(At(port));
  const auto answer = client.Call({}, kPatience);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message(), fmt::format("cannot connect to 127.0.0.1:{}: Connection refused", port));
}

TEST(HttpClientTest, WhatWouldEndALineIsNotSent) {
  const Endpoint endpoint = At(1);
  EXPECT_FALSE(WriteHead(endpoint, {.path = "/a b"}).ok());
  EXPECT_FALSE(WriteHead(endpoint, {.path = "a"}).ok());
  EXPECT_FALSE(WriteHead(endpoint, {.headers = {{"A", "b\r\nC: d"}}}).ok());
  EXPECT_FALSE(WriteHead(endpoint, {.headers = {{"A:", "b"}}}).ok());
  EXPECT_EQ(CheckHeaders({{"authorization", "Bearer secret\n"}}).message(),
            "header 'authorization' cannot be sent: a line end, or a name that is none");
  for (const char* own : {"Host", "Content-Length", "transfer-encoding"}) {
    EXPECT_EQ(CheckHeaders({{own, "3"}}).message(),
              fmt::format("header '{}' cannot be sent: each request has its own", own));
  }
  EXPECT_EQ(*WriteHead(endpoint, {.path = "/p", .headers = {{"A", "b c"}}}),
            "GET /p HTTP/1.1\r\nHost: 127.0.0.1:1\r\nA: b c\r\n\r\n");
}

}  // namespace
}  // namespace neso::client
