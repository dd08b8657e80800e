// What an HTTP/2 client sees on the port for HTTP: streams, flow control, limits, floods and the drain.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "net/http2/http2_test_util.h"

namespace neso::net {
namespace {

std::string Pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; i++) text[i] = static_cast<char>(i * 31 + i / 977);
  return text;
}

bool Soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return condition();
}

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const auto byte = [](size_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
  std::string frame{byte(payload.size(), 16), byte(payload.size(), 8),  byte(payload.size(), 0),
                    static_cast<char>(type),  static_cast<char>(flags), byte(stream, 24),
                    byte(stream, 16),         byte(stream, 8),          byte(stream, 0)};
  return frame.append(payload);
}

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

TEST(Http2ServerTest, AnswersARequest) {
  TestServer server;
  TestHttp2Client client(server.port());
  const auto& answer = client.Wait(client.Request("GET", "/hello?x=1"));
  EXPECT_EQ(answer.head.at(":status"), "200");
  EXPECT_EQ(answer.head.at("content-type"), "text/plain");
  EXPECT_EQ(answer.head.at("content-length"), "16");
  EXPECT_EQ(answer.body, "GET /hello?x=1 0");
}

TEST(Http2ServerTest, ThePrefaceMayComeByteByByte) {
  TestServer server;
  TestClient client(server.port());
  const std::string bytes = std::string(kPreface) + Frame(4, 0, 0, {}) + Frame(6, 0, 0, "12345678");
  for (const char c : bytes) client.Send({&c, 1});
  std::string seen;
  while (seen.find("12345678") == std::string::npos && client.Receive()) seen += client.TakeReceived();
  EXPECT_NE(seen.find("12345678"), std::string::npos);  // the ping's answer
}

TEST(Http2ServerTest, HttpOneThatLooksLikeThePrefaceLaterIsRefused) {
  TestServer server;
  TestClient client(server.port());
  client.Send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadStatus(), "200");
  client.Send(kPreface);
  EXPECT_NE(client.ReadStatus(), "200");
}

TEST(Http2ServerTest, GivesTheHandlerTheHead) {
  TestServer server;
  server.handler().on_request = [](HttpExchangeRef exchange) {
    const HttpHead& head = exchange->head();
    HttpResponse response;
    response.status = 201;
    response.headers = {{"X-Up", "a\r\nb"}, {"Connection", "close"}};
    response.body = std::string(head.Find("Host")) + "," + std::string(head.Find("x-one")) + "," +
                    std::to_string(head.version_major);
    exchange->Respond(std::move(response));
  };
  TestHttp2Client client(server.port());
  const auto& answer = client.Wait(client.Request("GET", "/", {{"x-one", "1"}}));
  EXPECT_EQ(answer.body, "test,1,2");
  EXPECT_EQ(answer.head.at(":status"), "201");
  EXPECT_EQ(answer.head.at("x-up"), "a  b");
  EXPECT_EQ(answer.head.count("connection"), 0u);
}

TEST(Http2ServerTest, BigBodiesSurviveTheRoundTripAligned) {
  TestServer server;
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.aligned_offset = 70}; };
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    const BufferRef& body = exchange->body();
    const size_t half = body->size() / 2;
    response.body = std::to_string(reinterpret_cast<uintptr_t>(body->data() + 70) % 64);
    response.parts = {{body->data(), half}, {nullptr, 0}, {body->data() + half, body->size() - half}};
    response.release = exchange;
    exchange->Respond(std::move(response));
  };
  TestHttp2Client client(server.port());
  for (const size_t size : {size_t{71}, size_t{3000}, size_t{602'112}, size_t{9'000'001}}) {
    const std::string body = Pattern(size);
    EXPECT_TRUE(client.Wait(client.Request("POST", "/", {{"content-length", std::to_string(size)}}, body)).body ==
                "0" + body)
        << size;
    EXPECT_TRUE(client.Wait(client.Request("POST", "/", {}, body)).body == "0" + body) << size;
  }
}

TEST(Http2ServerTest, ManyStreamsAreAnsweredFromOtherThreads) {
  TestServer server;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    server.Post([exchange] {
      HttpResponse response;
      response.body = std::string(exchange->head().path) + BodyText(*exchange);
      exchange->Respond(std::move(response));
    });
  };
  TestHttp2Client client(server.port());
  std::vector<int32_t> ids;
  for (int i = 0; i < 900; i++) ids.push_back(client.Request("POST", "/" + std::to_string(i), {}, "b"));
  for (size_t i = 0; i < ids.size(); i++) EXPECT_EQ(client.Wait(ids[i]).body, "/" + std::to_string(i) + "b");
}

TEST(Http2ServerTest, StreamsAnAnswer) {
  TestServer server;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    server.Post([exchange] {
      exchange->StartStream({});
      const bool read = exchange->head().method != "HEAD";
      for (int i = 0; i < 1000; i++) {
        const bool taken = exchange->Write("chunk" + std::to_string(i) + std::string(i, '.'));
        EXPECT_TRUE(taken || !read);
      }
      exchange->Finish();
    });
  };
  std::string expected;
  for (int i = 0; i < 1000; i++) expected += "chunk" + std::to_string(i) + std::string(i, '.');
  TestHttp2Client client(server.port());
  EXPECT_TRUE(client.Wait(client.Request("GET", "/")).body == expected);
  const auto& head = client.Wait(client.Request("HEAD", "/"));
  EXPECT_EQ(head.head.at(":status"), "200");
  EXPECT_EQ(head.body, "");
}

TEST(Http2ServerTest, RefusesBodiesAndHeadsThatAreTooLarge) {
  TestServer server({.limits = {.max_head_bytes = 4096}});
  server.handler().on_head = [](const HttpHead&) { return BodyPolicy{.max_bytes = 1000}; };
  TestHttp2Client client(server.port());
  EXPECT_EQ(
      client.Wait(client.Request("POST", "/", {{"content-length", "1001"}}, std::string(1001, 'x'))).head.at(":status"),
      "413");
  EXPECT_EQ(client.Wait(client.Request("POST", "/", {}, std::string(3'000'000, 'x'))).head.at(":status"), "413");
  EXPECT_EQ(client.Wait(client.Request("GET", "/", {{"x", std::string(5000, 'y')}})).head.at(":status"), "431");
  EXPECT_EQ(client.Wait(client.Request("POST", "/p", {}, "fine")).body, "POST /p 0fine");
}

TEST(Http2ServerTest, AResetAndALostConnectionAreTold) {
  TestServer server;
  std::atomic<int> gone{0};
  Mutex mutex;
  std::vector<HttpExchangeRef> held;
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    exchange->SetDisconnectCallback([&] { gone++; });
    MutexLock lock(mutex);
    held.push_back(std::move(exchange));
  };
  const auto count = [&] {
    MutexLock lock(mutex);
    return held.size();
  };
  {
    TestHttp2Client client(server.port());
    const int32_t first = client.Request("GET", "/1");
    client.Request("GET", "/2");
    EXPECT_TRUE(Soon([&] { return count() == 2; }));
    client.ResetStream(first);
    EXPECT_TRUE(Soon([&] { return gone == 1; }));
  }
  EXPECT_TRUE(Soon([&] { return gone == 2; }));
  for (const auto& exchange : held) exchange->Respond({});
  EXPECT_TRUE(Soon([&] { return server.server().ConnectionCount() == 0; }));
  held.clear();
}

TEST(Http2ServerTest, AStreamThatIsNotReadIsCut) {
  TestServer server({.limits = {.max_unread_bytes = 1 << 20}});
  std::atomic<bool> stopped{false};
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    if (exchange->head().path != "/big") return exchange->Respond({});
    server.Post([&stopped, exchange] {
      exchange->StartStream({});
      while (exchange->Write(std::string(50'000, 'x'))) {
      }
      stopped = true;
    });
  };
  TestHttp2Client client(server.port(), 0,
                         100'000);  // and no window is given back by hand: nghttp2 does it as it reads
  const int32_t big = client.Request("GET", "/big");
  EXPECT_TRUE(Soon([&] { return stopped.load(); }));
  EXPECT_EQ(client.Wait(client.Request("GET", "/other")).head.at(":status"), "200");
  EXPECT_TRUE(client.ReadUntil([&] { return client.answer(big).closed; }));
  EXPECT_NE(client.answer(big).error, 0u);
}

TEST(Http2ServerTest, AnAnswerWithTooManyHeadersIsAnError) {
  TestServer server;
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    response.headers = {{"x-long", std::string(70'000, 'v')}};
    response.body = "fine";
    exchange->Respond(std::move(response));
  };
  TestHttp2Client client(server.port());
  const auto& answer = client.Wait(client.Request("GET", "/"));
  EXPECT_EQ(answer.head.at(":status"), "500");
  EXPECT_EQ(answer.body, R"({"error":"the headers of the answer are too long for HTTP/2"})");
}

TEST(Http2ServerTest, BlanksAroundAValueAreNoPartOfIt) {
  TestServer server;
  server.handler().on_request = [](HttpExchangeRef exchange) {
    HttpResponse response;
    response.body = "[" + std::string(exchange->head().Find("x")) + "]";
    exchange->Respond(std::move(response));
  };
  TestHttp2Client client(server.port());
  EXPECT_EQ(client.Wait(client.Request("GET", "/", {{"x", " \tone two  "}})).body, "[one two]");
}

TEST(Http2ServerTest, TimeLimits) {
  TestServer server({.limits = {.head_timeout = std::chrono::milliseconds(50),
                                .progress_timeout = std::chrono::milliseconds(50),
                                .idle_timeout = std::chrono::milliseconds(100)}});
  TestClient silent(server.port());
  silent.Send(kPreface);  // no settings
  silent.ReadAll();
  TestHttp2Client client(server.port());
  const int32_t id = client.Request("POST", "/slow", {}, "part", true);
  EXPECT_EQ(client.Wait(id).head.at(":status"), "408");
  EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_NO_ERROR);  // idle
}

TEST(Http2ServerTest, FloodsEndInEnhanceYourCalm) {
  TestServer server;
  {
    TestHttp2Client client(server.port());
    bool open = true;
    for (int i = 0; i < 5000 && open; i++) {
      client.Ping();
      open = client.Flush();
    }
    EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_ENHANCE_YOUR_CALM);
  }
  {
    TestHttp2Client client(server.port());
    for (int i = 0; i < 5000 && client.Flush(); i++) client.ResetStream(client.Request("GET", "/x"));
    EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_ENHANCE_YOUR_CALM);
  }
  {
    TestClient client(server.port());
    std::string flood(kPreface);
    for (int i = 0; i < 5000; i++) flood += Frame(4, 0, 0, {});
    client.Send(flood);
    const std::string answer = client.ReadAll();
    EXPECT_NE(answer.find(std::string_view("\0\0\0\x0b", 4)), std::string::npos);
  }
  TestHttp2Client other(server.port());
  EXPECT_EQ(other.Wait(other.Request("GET", "/")).head.at(":status"), "200");
}

TEST(Http2ServerTest, MalformedFramesEndTheConnectionOnly) {
  TestServer server;
  const std::string start = std::string(kPreface) + Frame(4, 0, 0, {});
  for (const std::string& bad :
       {Frame(0, 0, 0, "data on stream 0"), Frame(0, 0, 1, "data on an idle stream"), Frame(6, 0, 0, "short ping"),
        Frame(4, 0, 0, "not six"), Frame(1, 4, 1, "\xff\xff\xff\xff\xff\xff\xff"),
        Frame(9, 0, 1, "continuation of nothing"), Frame(8, 0, 0, std::string(4, '\0')), Frame(1, 4, 2, "\x82"),
        Frame(0, 0, 1, std::string(100, 'x')).substr(0, 50)}) {
    TestClient client(server.port());
    client.Send(start + bad);
    client.FinishSending();
    client.ReadAll();
  }
  TestClient huge(server.port());
  huge.Send(start + Frame(0, 0, 1, std::string(2 << 20, 'x')));
  huge.ReadAll();
  TestHttp2Client other(server.port());
  EXPECT_EQ(other.Wait(other.Request("GET", "/")).head.at(":status"), "200");
}

TEST(Http2ServerTest, DrainsWithGoAway) {
  TestServer server;
  HttpExchangeRef held;
  std::atomic<bool> got{false};
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    held = std::move(exchange);
    got = true;
  };
  TestHttp2Client idle(server.port());
  idle.ReadUntil(
      [&] { return nghttp2_session_get_remote_settings(idle.raw(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) == 1000; });
  TestHttp2Client client(server.port());
  const int32_t id = client.Request("GET", "/");
  EXPECT_TRUE(Soon([&] { return got.load(); }));
  const auto changed = std::make_shared<Event>();
  server.server().BeginDrain(changed);
  EXPECT_EQ(idle.WaitForGoAway(), NGHTTP2_NO_ERROR);
  EXPECT_TRUE(client.ReadUntil([&] { return client.go_away() == NGHTTP2_NO_ERROR; }));
  HttpResponse response;
  response.body = "last";
  held->Respond(std::move(response));
  held.reset();
  EXPECT_EQ(client.Wait(id).body, "last");
  EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_NO_ERROR);
  while (server.server().ConnectionCount() != 0) {
    ASSERT_TRUE(changed->WaitUntil(std::chrono::steady_clock::now() + std::chrono::seconds(60))) << "nobody was told";
  }
}

TEST(Http2ServerTest, TheServerMayEndWithRequestsOpen) {
  HttpExchangeRef held;
  std::atomic<bool> got{false};
  {
    TestServer server;
    server.handler().on_request = [&](HttpExchangeRef exchange) {
      held = std::move(exchange);
      got = true;
    };
    TestHttp2Client client(server.port());
    client.Request("GET", "/");
    EXPECT_TRUE(Soon([&] { return got.load(); }));
    server.Stop();
    held->Respond({});
    held.reset();
  }
}

}  // namespace
}  // namespace neso::net
