// What an HTTP/1.1 client sees: framing, pipelining, limits and errors.
#include "net/http_server.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "net/net_test_util.h"

namespace neso::net {
namespace {

TEST(HttpServerTest, AnswersARequest) {
  TestServer server;
  TestClient client(server.port());
  client.Send("GET /hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\nGET /hello?x=1 0");
}

TEST(HttpServerTest, ConnectionsWaitForOneThatAcceptsLater) {
  TestServer server({.accepts_later = true});
  TestClient client(server.port());
  client.Send("GET /a HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(server.server().ConnectionCount(), 0u);
  ASSERT_TRUE(server.server().Accept().ok());
  EXPECT_EQ(client.ReadBody(), "GET /a 0");
}

TEST(HttpServerTest, OneThatNeverAcceptedEnds) {
  TestServer server({.accepts_later = true});
  TestClient client(server.port());
  server.Stop();
}

TEST(HttpServerTest, KeepsTheConnectionForFurtherRequests) {
  TestServer server;
  TestClient client(server.port());
  for (int i = 0; i < 100; i++) {
    client.Send("POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(client.ReadBody(), "POST /p 0abc");
  }
  EXPECT_EQ(server.server().ConnectionCount(), 1u);
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  TestClient client(server.port());
  std::string requests;
  for (int i = 0; i < 200; i++) {
    requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy";
    requests += "\r\nGET /get" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
  }
  client.Send(requests);
  for (int i = 0; i < 200; i++) {
    EXPECT_EQ(client.ReadBody(), "POST /" + std::to_string(i) + " 0xy");
    EXPECT_EQ(client.ReadBody(), "GET /get" + std::to_string(i) + " 0");
  }
}

TEST(HttpServerTest, PipelinedRequestsWaitForAForeignThreadsAnswer) {
  TestServer server;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    server.Post([exchange] {
      HttpResponse response;
      response.body = std::string(exchange->head().path) + BodyText(*exchange);
      exchange->Respond(std::move(response));
    });
  };
  TestClient client(server.port());
  std::string requests;
  for (int i = 0; i < 300; i++) requests += "POST /" + std::to_string(i) + " HTTP/1.1\r\nContent-Length: 1\r\n\r\nz";
  client.Send(requests);
  for (int i = 0; i < 300; i++) EXPECT_EQ(client.ReadBody(), "/" + std::to_string(i) + "z");
}

TEST(HttpServerTest, ReadsARequestThatComesByteByByte) {
  TestServer server;
  TestClient client(server.port());
  const std::string_view request =
      "POST /slow HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nT: u\r\n\r\n";
  for (const char c : request) client.Send({&c, 1});
  EXPECT_EQ(client.ReadBody(), "POST /slow 2abcdefg");
}

TEST(HttpServerTest, PlacesTheAlignedByteOnABorder) {
  TestServer server;
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.aligned_offset = 70}; };
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    response.body = std::to_string(reinterpret_cast<uintptr_t>(exchange->body()->data() + 70) % 64);
    exchange->Respond(std::move(response));
  };
  TestClient client(server.port());
  for (const size_t size : {71u, 200u, 50'000u, 700'000u}) {
    client.Send("POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + std::string(size, 'x'));
    EXPECT_EQ(client.ReadBody(), "0");
    client.Send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + std::string(100, 'x') + "\r\n1f4\r\n" +
                std::string(500, 'y') + "\r\n0\r\n\r\n");
    EXPECT_EQ(client.ReadBody(), "0");
  }
}

TEST(HttpServerTest, ABodyShorterThanTheAlignedOffsetIsFine) {
  TestServer server;
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.aligned_offset = SIZE_MAX}; };
  TestClient client(server.port());
  client.Send("POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(client.ReadBody(), "POST /a 0ab");
  client.Send("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
  EXPECT_EQ(client.ReadBody(), "POST /a 1ab");
}

TEST(HttpServerTest, BigBodiesSurviveTheRoundTrip) {
  TestServer server;
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    const size_t half = exchange->body()->size() / 2;
    response.body = "[";
    response.parts = {{exchange->body()->data(), half},
                      {nullptr, 0},
                      {exchange->body()->data() + half, exchange->body()->size() - half}};
    response.release = exchange;
    exchange->Respond(std::move(response));
  };
  TestClient client(server.port());
  for (const size_t size : {size_t{3000}, size_t{20'000}, size_t{602'112}, size_t{9'000'001}}) {
    std::string body(size, '\0');
    for (size_t i = 0; i < size; i++) body[i] = static_cast<char>(i * 31 + i / 977);
    client.Send("POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" + body);
    EXPECT_TRUE(client.ReadBody() == "[" + body) << size;
  }
}

TEST(HttpServerTest, ExpectContinueIsAnsweredWhenTheHandlerTakesTheBody) {
  TestServer server;
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.max_bytes = 10}; };
  TestClient client(server.port());
  client.Send("POST /e HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_EQ(client.ReadBody(), "POST /e 0abc");
  client.Send("POST /e HTTP/1.1\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadStatus(), "413");
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(HttpServerTest, Http10ClosesUnlessAskedNotTo) {
  TestServer server;
  TestClient kept(server.port());
  kept.Send("GET /k HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.ReadResponse().find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  kept.Send("GET /k HTTP/1.0\r\n\r\n");
  EXPECT_NE(kept.ReadAll().find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(HttpServerTest, ConnectionCloseIsHonouredFromBothSides) {
  TestServer server;
  TestClient asks(server.port());
  asks.Send("GET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(asks.ReadAll(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\nConnection: close\r\n\r\nGET /c 0");
  server.handler().on_request = [](HttpExchangeRef exchange) {
    exchange->CloseAfterResponse();
    exchange->Respond({});
  };
  TestClient told(server.port());
  told.Send("GET /c HTTP/1.1\r\n\r\n");
  EXPECT_EQ(told.ReadAll(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(HttpServerTest, HeadRequestsAndBodilessStatusesSendNoBody) {
  TestServer server;
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    response.status = exchange->head().path == "/204" ? 204 : 200;
    response.body = "body";
    exchange->Respond(std::move(response));
  };
  TestClient client(server.port());
  client.Send("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReadAll(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
  TestClient other(server.port());
  other.Send("GET /204 HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(other.ReadAll(), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST(HttpServerTest, LineBreaksInHeaderValuesDoNotSplitTheAnswer) {
  TestServer server;
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    response.headers.emplace_back("X-Echo", "a\r\nSet-Cookie: b");
    exchange->Respond(std::move(response));
  };
  TestClient client(server.port());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "HTTP/1.1 200 OK\r\nX-Echo: a  Set-Cookie: b\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpServerTest, RefusalsAreJsonAndCloseTheConnection) {
  TestServer server(HttpServerOptions{.limits = {.max_head_bytes = 2000}});
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.max_bytes = 100}; };
  struct Case {
    const char* status;
    std::string request;
  };
  std::string chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 65537; i++) chunks += "1\r\na\r\n";
  for (const auto& [status, request] : {
           Case{"400", "nonsense\r\n\r\n"},
           Case{"400", "GET / HTTP/1.1\nA: b\n\n"},
           Case{"505", "GET / HTTP/3.0\r\n\r\n"},
           Case{"414", "GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n\r\n"},
           Case{"431", "GET / HTTP/1.1\r\nA: " + std::string(3000, 'a') + "\r\n\r\n"},
           Case{"413", "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x')},
           Case{"413", "POST / HTTP/1.1\r\nContent-Length: 999999999999999999\r\n\r\n"},
           Case{"413", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + std::string(101, 'x')},
           Case{"413", chunks},
           Case{"400", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
           Case{"400", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
           Case{"501", "POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n"},
           Case{"417", "POST / HTTP/1.1\r\nExpect: x\r\nContent-Length: 1\r\n\r\n"},
       }) {
    TestClient client(server.port());
    client.Send(request);
    const std::string answer = client.ReadAll();
    EXPECT_TRUE(answer.starts_with(std::string("HTTP/1.1 ") + status)) << request.substr(0, 60) << answer;
    EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\n\r\n{\"error\":\""), std::string::npos) << answer;
  }
}

TEST(HttpServerTest, WhoSpeaksAnotherProtocolGetsNoAnswer) {
  TestServer server;
  for (const char* text : {"OPTIONS rtsp://a/b RTSP/1.0\r\n\r\n", "PRI * HTTX/2.0\r\n\r\nSM\r\n\r\n"}) {
    TestClient client(server.port());
    client.Send(text);
    EXPECT_EQ(client.ReadAll(), "") << text;
  }
  TestClient used(server.port());
  used.Send("GET / HTTP/1.1\r\n\r\n");
  used.ReadResponse();
  used.Send("GET / RTSP/1.0\r\n\r\n");
  EXPECT_EQ(used.ReadStatus(), "400");
}

TEST(HttpServerTest, MoreThan65536ChunksAreRefused) {
  TestServer server;
  TestClient client(server.port());
  std::string chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 65537; i++) chunks += "1\r\na\r\n";
  client.Send(chunks);
  EXPECT_EQ(client.ReadStatus(), "400");
}

TEST(HttpServerTest, AnErrorIsReadableAlthoughTheClientKeepsSending) {
  TestServer server;
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.max_bytes = 100}; };
  TestClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x'));
  EXPECT_EQ(client.ReadStatus(), "413");
}

TEST(HttpServerTest, ServesOnAUnixDomainSocketAndRemovesIt) {
  const std::string path = testing::TempDir() + "neso_net_" + std::to_string(getpid()) + ".sock";
  {
    TestServer server(HttpServerOptions{.address = "unix:" + path});
    TestClient client(path);
    client.Send("POST /u HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'u'));
    EXPECT_EQ(client.ReadBody(), "POST /u 0" + std::string(300'000, 'u'));
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST(HttpServerTest, AddressErrorsNameTheAddress) {
  TestServer server;
  Executor executor("e", 1);
  ReactorPool reactors(executor);
  TestHandler handler;
  HttpServerOptions options{.address = "127.0.0.1", .port = server.port()};
  EXPECT_EQ(HttpServer::Start(reactors, handler, options).error().message(),
            "Socket '127.0.0.1:" + std::to_string(server.port()) + "' already in use ");
  options.address = "256.1.1.1";
  EXPECT_EQ(HttpServer::Start(reactors, handler, options).error().code(), StatusCode::kInvalidArg);
  options.address = "unix:" + std::string(200, 'x');
  EXPECT_EQ(HttpServer::Start(reactors, handler, options).error().code(), StatusCode::kInvalidArg);
}

TEST(HttpServerTest, ReusePortLetsTwoServersListen) {
  TestServer first(HttpServerOptions{.reuse_port = true});
  TestServer second(HttpServerOptions{.port = first.port(), .reuse_port = true});
  EXPECT_EQ(first.port(), second.port());
}

TEST(HttpServerTest, ConnectionsAboveTheLimitAreClosed) {
  TestServer server(HttpServerOptions{.limits = {.max_connections = 2}});
  TestClient first(server.port());
  TestClient second(server.port());
  for (TestClient* client : {&first, &second}) {
    client->Send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client->ReadStatus(), "200");
  }
  TestClient third(server.port());
  EXPECT_EQ(third.ReadAll(), "");
  first.Close();
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() != 2; }));
  TestClient fourth(server.port());
  fourth.Send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(fourth.ReadStatus(), "200");
}

TEST(HttpServerTest, HoldsThousandsOfIdleConnections) {
  TestServer server({}, {.groups = 2});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 2000; i++) clients.push_back(std::make_unique<TestClient>(server.port()));
  for (int round = 0; round < 2; round++) {
    for (auto& client : clients) client->Send("GET / HTTP/1.1\r\n\r\n");
    for (auto& client : clients) EXPECT_EQ(client->ReadStatus(), "200");
  }
  EXPECT_EQ(server.server().ConnectionCount(), clients.size());
  clients.clear();
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
}

}  // namespace
}  // namespace neso::net
