// What a handler sees: answers from other threads, streams, disconnects, time limits, draining.
#include "net/http_exchange.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "net/net_test_util.h"

namespace neso::net {
namespace {

using std::chrono::milliseconds;

// Hands the next exchange to the test.
class NextExchange {
 public:
  explicit NextExchange(TestServer& server) {
    server.handler().on_request = [this](HttpExchangeRef exchange) { promise_.set_value(std::move(exchange)); };
  }
  HttpExchangeRef Get() {
    HttpExchangeRef exchange = promise_.get_future().get();
    promise_ = {};
    return exchange;
  }

 private:
  std::promise<HttpExchangeRef> promise_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\n\r\n";

HttpResponse Text(std::string text) {
  HttpResponse response;
  response.body = std::move(text);
  return response;
}

TEST(HttpExchangeTest, AnyThreadMayAnswerAndOnlyTheFirstAnswerCounts) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  exchange->Respond(Text("first"));
  exchange->Respond(Text("second"));
  EXPECT_EQ(client.ReadBody(), "first");
  client.Send(kGet);
  next.Get()->Respond(Text("third"));
  EXPECT_EQ(client.ReadBody(), "third");
}

TEST(HttpExchangeTest, ReleasesPartsWhenTheyAreSent) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send(kGet);
  auto payload = std::make_shared<std::string>(2'000'000, 'p');
  const std::weak_ptr<std::string> alive = payload;
  HttpResponse response;
  response.parts.push_back({payload->data(), payload->size()});
  response.release = std::move(payload);
  next.Get()->Respond(std::move(response));
  EXPECT_EQ(client.ReadBody().size(), 2'000'000u);
  ASSERT_TRUE(test::Eventually([&] { return alive.expired(); }));
}

TEST(HttpExchangeTest, ReleasesPartsWhenTheClientGoes) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port(), 4096);
  client.Send(kGet);
  auto payload = std::make_shared<std::string>(50'000'000, 'p');
  const std::weak_ptr<std::string> alive = payload;
  HttpResponse response;
  response.parts.push_back({payload->data(), payload->size()});
  response.release = std::move(payload);
  next.Get()->Respond(std::move(response));
  EXPECT_FALSE(alive.expired());
  client.Reset();
  ASSERT_TRUE(test::Eventually([&] { return alive.expired(); }));
}

TEST(HttpExchangeTest, TimesOfReceptionAreOrdered) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  std::promise<void> head_read;
  server.handler().on_head = [&](const HttpHead&) {
    head_read.set_value();
    return BodyPolicy{};
  };
  client.Send("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
  head_read.get_future().wait();
  std::this_thread::sleep_for(milliseconds(5));
  client.Send("b");
  HttpExchangeRef exchange = next.Get();
  EXPECT_GE(exchange->receive_end_ns(), exchange->receive_start_ns() + 4'000'000);
  exchange->Respond({});
}

TEST(HttpExchangeTest, StreamsInChunks) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  HttpExchangeRef exchange = next.Get();
  HttpResponse head;
  head.content_type = "text/event-stream";
  exchange->StartStream(std::move(head));
  EXPECT_TRUE(exchange->Write("data: 1\n\n"));
  EXPECT_TRUE(exchange->Write(""));
  EXPECT_TRUE(exchange->Write(std::string(5000, 'x')));
  exchange->Finish();
  EXPECT_FALSE(exchange->Write("too late"));
  EXPECT_EQ(
      client.ReadAll(),
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
      "9\r\ndata: 1\n\n\r\n1388\r\n" +
          std::string(5000, 'x') + "\r\n0\r\n\r\n");
}

TEST(HttpExchangeTest, StreamsToHttp10UntilClose) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  HttpExchangeRef exchange = next.Get();
  exchange->StartStream({});
  exchange->Write("abc");
  exchange->Finish();
  EXPECT_EQ(client.ReadAll(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
}

TEST(HttpExchangeTest, AStreamThatIsNotReadIsCut) {
  TestServer server(HttpServerOptions{.limits = {.max_unread_bytes = 1 << 20}});
  NextExchange next(server);
  TestClient client(server.port(), 4096);
  client.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  std::promise<void> gone;
  exchange->SetDisconnectCallback([&] { gone.set_value(); });
  exchange->StartStream({});
  int written = 0;
  while (exchange->Write(std::string(64 * 1024, 'x'))) ASSERT_LT(++written, 2000);
  gone.get_future().wait();
  EXPECT_FALSE(exchange->Write("more"));
  exchange->Finish();
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
}

TEST(HttpExchangeTest, DisconnectIsSeenWhileTheHandlerWorks) {
  for (const bool reset : {false, true}) {
    TestServer server;
    NextExchange next(server);
    TestClient client(server.port());
    client.Send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
    HttpExchangeRef exchange = next.Get();
    std::promise<void> gone;
    exchange->SetDisconnectCallback([&] { gone.set_value(); });
    reset ? client.Reset() : client.Close();
    gone.get_future().wait();
    exchange->Respond(Text("nobody"));  // no harm
    ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
  }
}

TEST(HttpExchangeTest, AnAnswerNobodyTakesIsDroppedWithWhatItKeeps) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx");
  HttpExchangeRef exchange = next.Get();
  client.Reset();
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
  // What keeps the parts of an answer alive usually keeps its exchange too.
  HttpResponse response;
  response.release = exchange;
  const std::weak_ptr<HttpExchange> watched = exchange;
  exchange->Respond(std::move(response));
  exchange.reset();
  // The network thread may be about to let go of its own reference.
  EXPECT_TRUE(test::Eventually([&] { return watched.expired(); }));
}

TEST(HttpExchangeTest, DisconnectIsSeenWhileANetworkThreadRunsLongWork) {
  struct Long final : Runnable {
    void Run() override {
      gone.get_future().wait();
      done.set_value();
    }
    Nanoseconds ExpectedDuration() const override { return expected; }
    std::promise<void> gone, done;
    Nanoseconds expected{};
  };
  // Known to be long: another thread watches. Thought to be short: the sentinel notices.
  for (const Nanoseconds expected : {Nanoseconds(std::chrono::seconds(1)), Nanoseconds(1)}) {
    TestServer server;
    Long work;
    work.expected = expected;
    HttpExchangeRef exchange;
    server.handler().on_request = [&](HttpExchangeRef request) {
      exchange = std::move(request);
      exchange->SetDisconnectCallback([&] { work.gone.set_value(); });
      InlineHost::Current()->Defer(&work);
    };
    TestClient client(server.port());
    client.Send(kGet);
    ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() != 0; }));
    client.Close();
    work.done.get_future().wait();
    server.Stop();
  }
}

TEST(HttpExchangeTest, CallbackSetAfterTheDisconnectRunsAtOnce) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  std::promise<void> gone;
  exchange->SetDisconnectCallback([&] { gone.set_value(); });
  client.Reset();
  gone.get_future().wait();
  exchange->SetDisconnectCallback({});
  bool ran = false;
  exchange->SetDisconnectCallback([&] { ran = true; });
  EXPECT_TRUE(ran);
}

TEST(HttpExchangeTest, TakingTheCallbackBackOutlastsItsRun) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  std::promise<void> started;
  std::atomic<bool> finished{false};
  exchange->SetDisconnectCallback([&] {
    started.set_value();
    std::this_thread::sleep_for(milliseconds(20));
    finished = true;
  });
  client.Close();
  started.get_future().wait();
  exchange->SetDisconnectCallback({});
  EXPECT_TRUE(finished);
}

TEST(HttpExchangeTest, ExchangeOutlivesConnectionAndServer) {
  TestServer server;
  NextExchange next(server);
  HttpExchangeRef exchange;
  {
    TestClient client(server.port());
    client.Send("POST /late HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
    exchange = next.Get();
  }
  server.Stop();
  EXPECT_EQ(exchange->head().path, "/late");
  EXPECT_EQ(BodyText(*exchange), "body");
  std::thread([exchange = std::move(exchange)]() mutable {
    exchange->Respond(Text("late"));
    exchange.reset();
  }).join();
}

TEST(HttpExchangeTest, StoppingTheServerTellsWhoWaits) {
  TestServer server;
  NextExchange next(server);
  TestClient client(server.port());
  client.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  std::atomic<bool> gone{false};
  exchange->SetDisconnectCallback([&] { gone = true; });
  server.Stop();
  EXPECT_TRUE(gone);
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(HttpExchangeTest, AHandlerThatThrowsCostsItsRequestOnly) {
  TestServer server;
  TestClient client(server.port());
  server.handler().on_request = [](const HttpExchangeRef&) { throw std::runtime_error("on \"purpose\""); };
  client.Send(kGet);
  EXPECT_EQ(client.ReadBody(), R"({"error":"unexpected exception: on \"purpose\""})");
  server.handler().on_request = [](const HttpExchangeRef&) { throw std::bad_alloc(); };
  client.Send(kGet);
  EXPECT_EQ(client.ReadStatus(), "503");
  server.handler().on_request = [](const HttpExchangeRef& exchange) {
    exchange->Respond(Text("answered before"));
    throw std::bad_alloc();
  };
  TestClient other(server.port());
  other.Send(kGet);
  EXPECT_EQ(other.ReadBody(), "answered before");
}

TEST(HttpServerDrainTest, KeepsIdleConnectionsForAWhileAndAnswersWhatIsInFlight) {
  TestServer server;
  TestClient idle(server.port());
  idle.Send(kGet);
  idle.ReadResponse();
  TestClient unused(server.port());
  NextExchange next(server);
  TestClient busy(server.port());
  busy.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  TestClient half(server.port());
  half.Send("GET / HT");
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 4; }));
  std::this_thread::sleep_for(milliseconds(20));  // the half request shall have been read

  EXPECT_EQ(server.server().BusyConnectionCount(), 2u);
  server.server().BeginDrain(nullptr);
  TestClient& late = idle;  // its next request was on its way
  late.Send(kGet);
  next.Get()->Respond(Text("late"));
  EXPECT_EQ(late.ReadAll(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate");
  server.server().EndIdleConnections();
  EXPECT_EQ(unused.ReadAll(), "");
  exchange->Respond(Text("done"));
  EXPECT_EQ(busy.ReadAll(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone");
  half.Send("TP/1.1\r\n\r\n");
  next.Get()->Respond(Text("half"));
  EXPECT_NE(half.ReadAll().find("Connection: close"), std::string::npos);
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));

  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(server.port());
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_NE(connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  close(fd);
}

TEST(HttpServerDrainTest, TellsOfTheLastRequestOfAConnectionAndOfTheLastConnection) {
  TestServer server;
  TestClient unused(server.port());
  NextExchange next(server);
  TestClient busy(server.port());
  busy.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 2; }));
  const auto changed = std::make_shared<Event>();
  server.server().BeginDrain(changed);
  exchange->Respond(Text("done"));
  const auto is_told = [&](auto is_done) {
    while (!is_done()) {
      if (!changed->WaitUntil(std::chrono::steady_clock::now() + std::chrono::seconds(60))) return false;
    }
    return true;
  };
  EXPECT_TRUE(is_told([&] { return server.server().BusyConnectionCount() == 0; }));
  server.server().EndIdleConnections();
  EXPECT_TRUE(is_told([&] { return server.server().ConnectionCount() == 0; }));
}

TEST(HttpServerTimeoutTest, LimitsHeadsBodiesAndIdleness) {
  HttpServerOptions options;
  options.limits.head_timeout = options.limits.progress_timeout = options.limits.idle_timeout = milliseconds(60);
  TestServer server(options);
  TestClient head(server.port());
  head.Send("GET / HT");
  TestClient body(server.port());
  body.Send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  TestClient idle(server.port());
  idle.Send(kGet);
  TestClient silent(server.port());
  TestClient empty_lines(server.port());
  empty_lines.Send("\r\n\r\n");
  EXPECT_EQ(idle.ReadStatus(), "200");
  EXPECT_TRUE(head.ReadAll().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(body.ReadAll().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(idle.ReadAll(), "");
  EXPECT_EQ(silent.ReadAll(), "");
  EXPECT_EQ(empty_lines.ReadAll(), "");
  EXPECT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
}

TEST(HttpServerTimeoutTest, AClientThatDoesNotReadIsCut) {
  HttpServerOptions options;
  options.limits.progress_timeout = milliseconds(80);
  std::string more_than_buffers_hold;  // the server's threads end before it does
  more_than_buffers_hold.resize(30'000'000, 'x');
  TestServer server(options);
  server.handler().on_request = [&](HttpExchangeRef exchange) { exchange->Respond(Text(more_than_buffers_hold)); };
  TestClient client(server.port(), 4096);
  client.Send(kGet);
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() != 0; }));
  ASSERT_TRUE(test::Eventually([&] { return server.server().ConnectionCount() == 0; }));
}

TEST(HttpServerTimeoutTest, WorkHasNoLimit) {
  HttpServerOptions options;
  options.limits.head_timeout = options.limits.progress_timeout = options.limits.idle_timeout = milliseconds(40);
  TestServer server(options);
  NextExchange next(server);
  TestClient client(server.port());
  client.Send(kGet);
  HttpExchangeRef exchange = next.Get();
  std::this_thread::sleep_for(milliseconds(150));
  exchange->Respond(Text("at last"));
  EXPECT_EQ(client.ReadBody(), "at last");
}

TEST(HttpServerStressTest, ManyClientsForeignThreadsAndDisconnects) {
  TestServer server({}, {.groups = 2});
  std::atomic<uint64_t> count{0};
  server.handler().on_request = [&](HttpExchangeRef exchange) {
    const uint64_t n = count++;
    auto answer = [exchange, n] {
      exchange->SetDisconnectCallback([] {});
      if (n % 7 == 0) {
        exchange->StartStream({});
        exchange->Write("ab");
        exchange->Write("cd");
        exchange->SetDisconnectCallback({});
        return exchange->Finish();
      }
      HttpResponse response;
      response.parts.push_back({exchange->body()->data(), exchange->body()->size()});
      response.release = exchange;
      exchange->SetDisconnectCallback({});
      exchange->Respond(std::move(response));
    };
    n % 3 == 0 ? answer() : server.Post(answer);
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; t++) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; i++) {
        TestClient client(server.port());
        const size_t size = 10 + static_cast<size_t>((i * 7919 * (t + 1)) % 60'000);
        for (int k = 0; k < 5; k++) {
          client.Send("POST / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                      std::string(size, 'x'));
          if ((i + k + t) % 5 == 4) {
            (i & 1) != 0 ? client.Reset() : client.Close();
            break;
          }
          const std::string head = client.ReadResponse();
          EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK")) << head;
          if (head.find("chunked") != std::string::npos) break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace neso::net
