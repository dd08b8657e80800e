// What a connection does when its session fails.
#include "net/connection.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "net/http2/http2_test_util.h"
#include "net/net_test_util.h"
#include "net/protocols.h"
#include "net/server_core.h"

namespace neso::net {
namespace {

// Does what a test says with what happens to its connection.
class ScriptedSession final : public Session {
 public:
  using Script = std::function<void(Connection& connection, uint32_t bits, StrandTurn& turn)>;
  ScriptedSession(Connection& connection, const Script& script) : connection_(connection), script_(script) {}
  void OnBits(uint32_t bits, StrandTurn& turn) override { script_(connection_, bits, turn); }

 private:
  Connection& connection_;
  const Script& script_;
};

class ScriptedSessions final : public SessionFactory {
 public:
  std::unique_ptr<Session> MakeHandshake(Connection&, TlsTransport&) const override { return nullptr; }
  std::unique_ptr<Session> MakeProtocol(Connection& connection) const override {
    return std::make_unique<ScriptedSession>(connection, script);
  }
  std::unique_ptr<Session> MakeHttp2(Connection&, std::string) const override { return nullptr; }

  ScriptedSession::Script script;
};

class ConnectionTest : public ::testing::Test {
 protected:
  void Start(const SessionFactory& sessions, HttpServerOptions options = {}) {
    context_ = std::make_shared<ServerContext>(handler_, options, sessions, reactors_.sentinel());
    Expected<ListenSocket> socket = ListenSocket::Open("127.0.0.1", 0, false);
    ASSERT_TRUE(socket.ok()) << socket.status().ToString();
    server_ = std::make_unique<ServerCore>(reactors_, context_, *std::move(socket));
    ASSERT_TRUE(server_->Accept().ok());
  }

  TestHandler handler_;
  Executor executor_{"test-exec", 2};
  ReactorPool reactors_{executor_, {.groups = 1}};
  ScriptedSessions sessions_;
  std::shared_ptr<ServerContext> context_;
  std::unique_ptr<ServerCore> server_;
};

TEST_F(ConnectionTest, AnExceptionCostsTheConnection) {
  std::atomic<int> aborts{0};
  sessions_.script = [&](Connection& connection, uint32_t bits, StrandTurn& turn) {
    if (bits & kAbort) {
      aborts++;
      return connection.Close(turn);
    }
    if (bits & kReadable) throw std::runtime_error("on purpose");
  };
  Start(sessions_);
  TestClient client(server_->port());
  client.Send("x");
  EXPECT_EQ(client.ReadAll(), "");
  server_.reset();
  EXPECT_EQ(aborts, 1);
}

TEST_F(ConnectionTest, OneThatCannotEvenBeAbortedIsClosedAndItsStrandIsFree) {
  std::promise<std::shared_ptr<Connection>> seen;
  std::promise<void> answered;
  sessions_.script = [&](Connection& connection, uint32_t bits, StrandTurn&) {
    if (bits & kReadable) seen.set_value(connection.shared_from_this());
    if (bits & kAnswer) answered.set_value();
    if (bits & (kReadable | kAbort)) throw std::runtime_error("on purpose");
  };
  Start(sessions_);
  TestClient client(server_->port());
  EXPECT_TRUE(client.Send("x"));
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_EQ(server_->ConnectionCount(), 0u);
  // Whoever still has something to say to it gets through, and nobody waits for it.
  seen.get_future().get()->Enter(kAnswer, nullptr);
  EXPECT_EQ(answered.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  server_.reset();
}

TEST_F(ConnectionTest, WhatNeedsANetworkThreadIsAskedForOnceAnAnswer) {
  constexpr int kAnswers = 2000;
  std::promise<std::shared_ptr<Connection>> seen;
  std::atomic<int> away{0}, at_top{0};
  bool wants = false;  // in the strand
  sessions_.script = [&](Connection& connection, uint32_t bits, StrandTurn& turn) {
    if (bits & kAbort) return connection.Close(turn);
    if (bits & kReadable) seen.set_value(connection.shared_from_this());
    if (bits & kAnswer) wants = true;
    if (!wants) return;
    if (turn.top == nullptr) {
      away++;
      turn.needs_top = true;
    } else {
      at_top++;
      wants = false;
    }
  };
  // On one processor a network thread that is woken runs before whoever woke it.
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  Start(sessions_);
  TestClient client(server_->port());
  EXPECT_TRUE(client.Send("x"));
  const std::shared_ptr<Connection> connection = seen.get_future().get();
  for (int i = 1; i <= kAnswers; i++) {
    connection->Enter(kAnswer, nullptr);
    while (at_top < i) std::this_thread::yield();
  }
  EXPECT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
  EXPECT_LE(away, kAnswers);
}

TEST_F(ConnectionTest, ATimeLimitThatHasPassedIsNotFoundAgain) {
  Start(AllProtocols(), {.limits = {.progress_timeout = std::chrono::milliseconds(20)}});
  TestHttp2Client client(server_->port());
  const auto& answer = client.Wait(client.Request("POST", "/", {}, {}, true));
  EXPECT_EQ(answer.head.at(":status"), "408");
  const auto has_limit = [](const Connection& connection) { return connection.deadline() != TimePoint::max(); };
  for (int i = 0; i < 10'000 && !context_->Select(has_limit).empty(); i++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(server_->ConnectionCount(), 1u);
  EXPECT_TRUE(context_->Select(has_limit).empty());
}

}  // namespace
}  // namespace neso::net
