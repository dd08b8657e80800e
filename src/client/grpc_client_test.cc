// Calls to a real server of ours.
#include "client/grpc_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/grpc_server.h"
#include "net/http2/grpc_prefix.h"
#include "net/http2/grpc_text.h"
#include "net/net_test_util.h"

namespace neso::client {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience{20'000};

Endpoint At(uint16_t port) { return {.host = "127.0.0.1", .port = port, .uses_tls = false, .path = {}}; }

bool Soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); i++) std::this_thread::sleep_for(milliseconds(1));
  return condition();
}

// "/echo" answers each message with itself, "/thrice" three times, "/hold" never, "/more" once and does not end, "/early" before the request is complete, "/fail" with an error.
class EchoServer final : public net::GrpcHandler {
 public:
  explicit EchoServer(net::GrpcServerOptions options = {}) : executor_("test-exec", 2) {
    options.address = "127.0.0.1";
    auto started = net::GrpcServer::Start(reactors_, *this, options);
    EXPECT_TRUE(started.ok()) << started.status().ToString();
    if (started.ok()) server_ = *std::move(started);
  }
  uint16_t port() const { return server_->port(); }
  net::GrpcServer& server() { return *server_; }
  void Stop() { server_.reset(); }

  std::atomic<int> cancels{0}, under_way{0}, most_under_way{0};

 private:
  class Receiver final : public net::GrpcReceiver {
   public:
    Receiver(net::GrpcCallRef call, EchoServer& server) : call_(std::move(call)), server_(server) {
      server_.most_under_way = std::max<int>(server_.most_under_way, ++server_.under_way);
      if (call_->head().path == "/early") call_->Finish({net::GrpcCode::kResourceExhausted, "enough"});
    }
    ~Receiver() override { server_.under_way--; }
    void OnMessage(BufferRef message) override {
      const int times = call_->head().path == "/echo" || call_->head().path == "/more" ? 1
                        : call_->head().path == "/thrice"                              ? 3
                                                                                       : 0;
      auto kept = std::make_shared<BufferRef>(std::move(message));
      for (int i = 0; i < times; i++)
        call_->Send({.head = {}, .parts = {{(*kept)->data(), (*kept)->size()}}, .release = kept});
    }
    void OnEnd() override {
      if (call_->head().path == "/echo" || call_->head().path == "/thrice") call_->Finish({});
      if (call_->head().path == "/fail")
        call_->Finish({net::GrpcCode::kNotFound, std::string(call_->head().Find("x-name")) + ": 100% \xc3\xa4"});
    }
    void OnCancel() override { server_.cancels++; }

   private:
    const net::GrpcCallRef call_;
    EchoServer& server_;
  };

  net::GrpcReceiverRef OnCall(net::GrpcCallRef call) override {
    if (call->head().path == "/unknown") return nullptr;
    return std::make_shared<Receiver>(std::move(call), *this);
  }

  Executor executor_;
  net::ReactorPool reactors_{executor_, {.groups = 1}};
  std::unique_ptr<net::GrpcServer> server_;
};

TEST(GrpcClientTest, CallsFollowEachOtherOnOneConnection) {
  EchoServer server;
  GrpcClient client(At(server.port()));
  for (const size_t size : {0u, 1u, 70'000u, 40'000'000u}) {  // the last one beyond the windows
    const std::string message(size, 'm');
    const auto answer = client.Call("/echo", message, kPatience);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_TRUE(*answer == message) << size;
  }
  EXPECT_EQ(server.server().ConnectionCount(), 1u);
}

TEST(GrpcClientTest, AllMessagesOfAnAnswerAreHandedOn) {
  EchoServer server;
  GrpcClient client(At(server.port()));
  std::string came;
  const auto take = [&came](std::string_view message) {
    came += message;
    return true;
  };
  ASSERT_TRUE(client.CallForMany("/thrice", "ab", kPatience, {}, take).ok());
  EXPECT_EQ(came, "ababab");
  EXPECT_EQ(client.Call("/thrice", "ab", kPatience).error().code(), StatusCode::kInternal);
  EXPECT_EQ(client.CallForMany("/fail", "x", kPatience, {{"x-name", "m"}}, take).code(), StatusCode::kNotFound);
}

TEST(GrpcClientTest, WhoeverWantsNoMoreEndsTheCall) {
  EchoServer server;
  GrpcClient client(At(server.port()));
  std::string came;
  const auto take_one = [&came](std::string_view message) {
    came += message;
    return false;
  };
  EXPECT_TRUE(client.CallForMany("/more", "ab", kPatience, {}, take_one).ok());
  EXPECT_TRUE(Soon([&] { return server.cancels == 1; }));
  EXPECT_TRUE(client.CallForMany("/thrice", "c", kPatience, {}, take_one).ok());
  EXPECT_EQ(came, "abc");
  EXPECT_EQ(*client.Call("/echo", "still", kPatience), "still");
}

TEST(GrpcClientTest, TheServersErrorIsTheAnswer) {
  EchoServer server;
  GrpcClient client(At(server.port()));
  const auto failed = client.Call("/fail", "x", kPatience, {{"X-Name", "m"}});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), StatusCode::kNotFound);
  EXPECT_EQ(failed.error().message(), "m: 100% \xc3\xa4");
  EXPECT_EQ(client.Call("/unknown", "x", kPatience).error().code(), StatusCode::kUnsupported);
  EXPECT_EQ(*client.Call("/echo", "still", kPatience), "still");
}

TEST(GrpcClientTest, AnAnswerBeforeTheRequestIsCompleteIsTaken) {
  EchoServer server;
  GrpcClient client(At(server.port()));
  std::string large;
  large.resize(50'000'000, 'm');
  const auto answer = client.Call("/early", large, kPatience);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message(), "RESOURCE_EXHAUSTED: enough");
  EXPECT_EQ(*client.Call("/echo", "still", kPatience), "still");
}

TEST(GrpcClientTest, ASilentServerIsGivenUpInTimeAndTold) {
  EchoServer server;
  GrpcClient client(At(server.port()));
  const auto answer = client.Call("/hold", "x", milliseconds(30));
  ASSERT_FALSE(answer.ok());
  // Which of the two notices first is the machine's matter.
  const std::string& message = answer.error().message();
  EXPECT_TRUE(message.find("in time") != std::string::npos || message.starts_with("DEADLINE_EXCEEDED")) << message;
  EXPECT_TRUE(Soon([&] { return server.under_way == 0; }));
  EXPECT_EQ(*client.Call("/echo", "still", kPatience), "still");
}

TEST(GrpcClientTest, AServerThatSaidGoodbyeIsConnectedToAnew) {
  auto first = std::make_unique<EchoServer>();
  const uint16_t port = first->port();
  GrpcClient client(At(port));
  EXPECT_EQ(*client.Call("/echo", "a", kPatience), "a");
  first.reset();
  const auto gone = client.Call("/echo", "b", kPatience);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().message(), fmt::format("cannot connect to 127.0.0.1:{}: Connection refused", port));
  EchoServer second({.port = port});
  EXPECT_EQ(*client.Call("/echo", "c", kPatience), "c");
}

TEST(GrpcClientTest, AnotherProtocolAtThePortIsSaid) {
  net::TestServer server;
  GrpcClient client(At(server.port()));
  const auto answer = client.Call("/x", "m", kPatience);
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().message().find("is another protocol spoken at this port?"), std::string::npos)
      << answer.error().message();
}

// Calls that begin anew as soon as they are over.
class Repeater final : private GrpcCall::Listener {
 public:
  Repeater(GrpcConnection& connection, const GrpcMethod& method, int times)
      : connection_(connection), method_(method), left_(times) {
    Begin();
  }
  int ok = 0, messages = 0;
  bool is_done() const { return left_ == 0 && !call_.is_under_way(); }

 private:
  void Begin() {
    left_--;
    call_.Begin(connection_, method_);
    call_.SendAndFinish({.head = std::string_view("\0\0\0\0\2hi", 7)});
  }
  void OnMessage(GrpcCall&, std::string_view message) override { messages += message == "hi"; }
  void OnEnd(GrpcCall&, const net::GrpcStatus& status) override {
    ok += status.code == net::GrpcCode::kOk;
    if (left_ > 0) Begin();
  }

  GrpcConnection& connection_;
  const GrpcMethod& method_;
  int left_;
  GrpcCall call_{*this};
};

TEST(GrpcConnectionTest, MoreCallsThanTheServerTakesWaitForTheirTurn) {
  EchoServer server({.limits = {.max_streams = 3}});
  Loop loop;
  const TimePoint deadline = std::chrono::steady_clock::now() + kPatience;
  const GrpcMethod method(At(server.port()), "/echo");
  auto connection = GrpcConnection::Connect(loop, At(server.port()), deadline);
  ASSERT_TRUE(connection.ok());
  std::vector<std::unique_ptr<Repeater>> callers;
  for (int i = 0; i < 20; i++) callers.push_back(std::make_unique<Repeater>(**connection, method, 10));
  const auto all = [&] { return std::ranges::all_of(callers, [](const auto& caller) { return caller->is_done(); }); };
  while (!all() && std::chrono::steady_clock::now() < deadline) loop.RunOnce(deadline);
  for (const auto& caller : callers) EXPECT_EQ(caller->ok * 100 + caller->messages, 1010);
  EXPECT_EQ(server.server().ConnectionCount(), 1u);
}

// Notes what it hears.
class Journal final : public GrpcCall::Listener {
 public:
  std::vector<std::string> heard;

 private:
  void OnMessage(GrpcCall&, std::string_view message) override { heard.emplace_back(message); }
  void OnEnd(GrpcCall&, const net::GrpcStatus& status) override {
    heard.push_back(std::string(net::GrpcCodeName(status.code)) + ": " + status.message);
  }
};

class GrpcStreamTest : public ::testing::Test {
 protected:
  GrpcStreamTest() : method_(At(server_.port()), "/echo"), hold_(At(server_.port()), "/hold") {
    auto connected = GrpcConnection::Connect(loop_, At(server_.port()), deadline_);
    EXPECT_TRUE(connected.ok());
    connection_ = *std::move(connected);
  }
  // Of what the server notes, too, of which no event tells.
  bool Until(const std::function<bool()>& condition) {
    while (!condition() && std::chrono::steady_clock::now() < deadline_)
      loop_.RunOnce(std::chrono::steady_clock::now() + milliseconds(1));
    return condition();
  }

  const TimePoint deadline_ = std::chrono::steady_clock::now() + kPatience;
  EchoServer server_;
  Loop loop_;
  const GrpcMethod method_, hold_;
  std::unique_ptr<GrpcConnection> connection_;
  Journal journal_;
};

TEST_F(GrpcStreamTest, MessagesGoBothWaysWhileTheCallIsUnderWay) {
  GrpcCall call(journal_);
  call.Begin(*connection_, method_);
  call.Send({.head = std::string_view("\0\0\0\0\1a", 6)});
  ASSERT_TRUE(Until([&] { return journal_.heard.size() == 1; }));
  const net::GrpcPrefix prefix(false, 1'000'000);
  const std::string large(1'000'000, 'b');
  call.Send({.head = prefix.view(), .body = large});
  ASSERT_TRUE(Until([&] { return journal_.heard.size() == 2; }));
  EXPECT_TRUE(call.is_under_way());
  call.Finish();
  ASSERT_TRUE(Until([&] { return !call.is_under_way(); }));
  EXPECT_EQ(journal_.heard, (std::vector<std::string>{"a", large, "OK: "}));
}

TEST_F(GrpcStreamTest, ACancelledCallEndsOnTheServerToo) {
  GrpcCall other(journal_);
  {
    GrpcCall call(journal_);
    call.Begin(*connection_, hold_);
    call.Send({.head = std::string_view("\0\0\0\0\0", 5)});
    ASSERT_TRUE(Until([&] { return server_.under_way == 1; }));
  }
  EXPECT_TRUE(Soon([&] { return server_.cancels == 1; }));
  EXPECT_TRUE(journal_.heard.empty());
  other.Begin(*connection_, method_);
  other.Finish();
  EXPECT_TRUE(Until([&] { return journal_.heard == std::vector<std::string>{"OK: "}; }));
}

TEST_F(GrpcStreamTest, ALostConnectionEndsItsCalls) {
  GrpcCall call(journal_);
  call.Begin(*connection_, hold_);
  call.Send({.head = std::string_view("\0\0\0\0\0", 5)});
  ASSERT_TRUE(Until([&] { return server_.under_way == 1; }));
  server_.Stop();
  ASSERT_TRUE(Until([&] { return !call.is_under_way(); }));
  ASSERT_EQ(journal_.heard.size(), 1u);
  EXPECT_TRUE(journal_.heard[0].starts_with("UNAVAILABLE: ") || journal_.heard[0].starts_with("CANCELLED: "))
      << journal_.heard[0];
  EXPECT_FALSE(connection_->is_open());
}

}  // namespace
}  // namespace neso::client
