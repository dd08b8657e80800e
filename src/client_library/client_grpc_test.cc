// Calls to real gRPC servers of ours: to one, to several, to some that fail.
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>

#include "client_library/client_test_util.h"
#include "neso/protobuf_wire.h"
#include "net/grpc_server.h"

namespace neso {
namespace {

using net::GrpcCallRef;
using net::GrpcCode;
using std::chrono::milliseconds;
using wire::MessageWriter;

void Send(const GrpcCallRef& call, std::string message) {
  auto kept = std::make_shared<std::string>(std::move(message));
  call->SendAndFinish({.head = {}, .parts = {{kept->data(), kept->size()}}, .release = kept});
}

// What a model "a b" answers: y = [7].
void Serve(const GrpcCallRef& call) {
  MessageWriter output, answer;
  output.Add(1, std::string_view("y")).Add(2, std::string_view("INT8")).Add(3, uint64_t{1});
  answer.Add(1, std::string_view("a b")).Add(2, std::string_view("1")).Add(5, output).Add(6, std::string_view("\x07"));
  Send(call, answer.bytes());
}

// Answers calls as `on_call` does, once their message is there.
class GrpcService final : public net::GrpcHandler {
 public:
  using Answering = std::function<void(const GrpcCallRef& call, std::string_view message)>;

  explicit GrpcService(
      Answering on_call = [](const GrpcCallRef& call, std::string_view) { Serve(call); }, uint16_t port = 0)
      : on_call_(std::move(on_call)), executor_("test-exec", 2) {
    auto started = net::GrpcServer::Start(reactors_, *this, {.address = "127.0.0.1", .port = port});
    EXPECT_TRUE(started.ok()) << started.status().ToString();
    if (started.ok()) server_ = *std::move(started);
  }

  uint16_t port() const { return server_->port(); }
  std::string address() const { return "grpc://127.0.0.1:" + std::to_string(port()); }
  net::GrpcServer& server() { return *server_; }

  std::atomic<int> calls{0}, cancels{0};

 private:
  class Receiver final : public net::GrpcReceiver {
   public:
    Receiver(GrpcCallRef call, GrpcService& service) : call_(std::move(call)), service_(service) {}
    void OnMessage(BufferRef message) override { message_ = std::string(message->data(), message->size()); }
    void OnEnd() override {
      service_.calls++;
      service_.on_call_(call_, message_);
    }
    void OnCancel() override { service_.cancels++; }

   private:
    const GrpcCallRef call_;
    GrpcService& service_;
    std::string message_;
  };

  net::GrpcReceiverRef OnCall(GrpcCallRef call) override { return std::make_shared<Receiver>(std::move(call), *this); }

  const Answering on_call_;
  Executor executor_;
  net::ReactorPool reactors_{executor_, {.groups = 1}};
  std::unique_ptr<net::GrpcServer> server_;
};

GrpcService::Answering Fail(GrpcCode code, const std::string& text) {
  return [code, text](const GrpcCallRef& call, std::string_view) { call->Finish({code, text}); };
}

bool Soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); i++) std::this_thread::sleep_for(milliseconds(1));
  return condition();
}

TEST(ClientGrpcTest, SendsTensorsAndReadsThem) {
  std::string path, sent, mark;
  GrpcService service([&](const GrpcCallRef& call, std::string_view message) {
    path = call->head().path;
    mark = call->head().Find("x-mark");
    sent = message;
    MessageWriter output, answer;
    output.Add(1, std::string_view("y")).Add(2, std::string_view("BYTES")).Add(3, uint64_t{1});
    answer.Add(1, std::string_view("m")).Add(2, std::string_view("3")).Add(3, std::string_view("i")).Add(5, output);
    Send(call, answer.Add(6, std::string_view("\2\0\0\0hi", 6)).bytes());
  });
  Client client = Connect({service.address()});
  InferRequest request = Request();
  request.version = "3";
  request.id = "i";
  request.outputs = {"y"};
  request.parameters = {{"flag", true}, {"number", int64_t{-5}}};
  const Result<InferAnswer> answer = client.Infer(request, {.headers = {{"X-Mark", "here"}}}).Get();
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(path, "/inference.GRPCInferenceService/ModelInfer");
  EXPECT_EQ(mark, "here");

  MessageWriter flag, number, input, output, expected;
  flag.Add(1, std::string_view("flag")).Add(2, MessageWriter().Add(1, uint64_t{1}));
  number.Add(1, std::string_view("number")).Add(2, MessageWriter().Add(2, static_cast<uint64_t>(-5)));
  input.Add(1, std::string_view("x")).Add(2, std::string_view("INT16")).Add(3, uint64_t{2});
  output.Add(1, std::string_view("y"));
  expected.Add(1, std::string_view("a b")).Add(2, std::string_view("3")).Add(3, std::string_view("i"));
  expected.Add(4, flag).Add(4, number).Add(5, input).Add(6, output).Add(7, std::string_view("\1\0\2\0", 4));
  EXPECT_EQ(sent, expected.bytes());

  EXPECT_EQ(answer.value().model, "m");
  EXPECT_EQ(answer.value().version, "3");
  EXPECT_EQ(answer.value().id, "i");
  EXPECT_EQ(answer.value().outputs.at("y").Values<std::string>().value(), std::vector<std::string>{"hi"});
}

TEST(ClientGrpcTest, RefusesWhatDoesNotFit) {
  Client client = Connect({"grpc://" + Nowhere()});
  InferRequest request = Request();
  request.inputs.insert_or_assign("x", Tensor({3}, std::vector<float>{1, 2}));
  EXPECT_EQ(client.Infer(request).Get().error().message,
            "input 'x': shape [3] of FP32 takes 12 bytes, but there are 8");
  EXPECT_EQ(client.IsReady({.headers = {{"a", "b\r\nc"}}}).Get().error().kind, ErrorKind::kInvalidArgument);
}

TEST(ClientGrpcTest, TellsTheServersErrors) {
  for (const auto& [code, kind] : {std::pair(GrpcCode::kNotFound, ErrorKind::kNotFound),
                                   std::pair(GrpcCode::kInvalidArgument, ErrorKind::kInvalidArgument),
                                   std::pair(GrpcCode::kUnimplemented, ErrorKind::kUnsupported),
                                   std::pair(GrpcCode::kResourceExhausted, ErrorKind::kUnknown)}) {
    GrpcService service(Fail(code, "said so"));
    const Result<InferAnswer> answer = Connect({service.address()}).Infer(Request()).Get();
    EXPECT_EQ(answer.error().kind, kind);
    EXPECT_TRUE(answer.error().message.ends_with("said so")) << answer.error().message;
  }
}

TEST(ClientGrpcTest, AnswersThatCannotBeReadAreErrors) {
  GrpcService garbage([](const GrpcCallRef& call, std::string_view) { Send(call, "\x0a\x7f"); });
  GrpcService silence([](const GrpcCallRef& call, std::string_view) { call->Finish({}); });
  for (GrpcService* const service : {&garbage, &silence}) {
    const Result<InferAnswer> answer = Connect({service->address()}).Infer(Request()).Get();
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().kind, ErrorKind::kInternal) << answer.error().message;
  }
}

TEST(ClientGrpcTest, ManyCallsGoAtOnceOverOneConnection) {
  constexpr int kCalls = 20;
  std::latch all_there(kCalls);
  std::mutex mutex;
  std::vector<GrpcCallRef> held;
  GrpcService service([&](const GrpcCallRef& call, std::string_view) {
    const std::lock_guard<std::mutex> lock(mutex);
    held.push_back(call);
    all_there.count_down();
  });
  Client client = Connect({service.address()});
  std::vector<Future<InferAnswer>> answers;
  for (int i = 0; i < kCalls; ++i) answers.push_back(client.Infer(Request()));
  all_there.wait();
  EXPECT_EQ(service.server().ConnectionCount(), 1u);
  for (const GrpcCallRef& call : held) Serve(call);
  for (auto& answer : answers) EXPECT_TRUE(answer.Get().ok());
}

TEST(ClientGrpcTest, GoesToAnotherEndpointWhereOneRefuses) {
  GrpcService full(Fail(GrpcCode::kUnavailable, "full")), service;
  Client client = Connect({full.address(), service.address()});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.Infer(Request(), {.may_repeat = false}).Get().ok());
  EXPECT_EQ(Connect({full.address()}).Infer(Request()).Get().error().message, "full");
}

TEST(ClientGrpcTest, EndpointsOfBothProtocolsStandSideBySide) {
  GrpcService service;
  Client client = Connect({Nowhere(), service.address()});  // one over HTTP, where nobody is
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client.Infer(Request()).Get().ok());
  EXPECT_EQ(client.Figures().endpoints[1].attempts, 20u);
}

TEST(ClientGrpcTest, RepeatsOnlyWhatMayBeRunTwiceWhenAConnectionIsLost) {
  RawServer twice({"", ""});  // takes a call, and goes
  Client repeating = Connect({"grpc://" + twice.address()}, {.most_attempts = 2});
  EXPECT_EQ(repeating.Infer(Request()).Get().error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(repeating.Figures().retries, 1u);
  RawServer once({""});
  Client careful = Connect({"grpc://" + once.address()});
  const Result<InferAnswer> answer = careful.Infer(Request(), {.may_repeat = false}).Get();
  EXPECT_EQ(answer.error().message, once.address() + ": the server has closed the connection");
  EXPECT_EQ(careful.Figures().retries, 0u);
}

// A proxy's answers, over HTTP/2 and without a status of gRPC.
TEST(ClientGrpcTest, OnlyWhatNoServerHasTakenIsMadeAgainBehindAProxy) {
  for (const auto& [http, retries] : {std::pair(429, 0u), std::pair(502, 0u), std::pair(503, 1u), std::pair(504, 0u)}) {
    net::TestServer proxy;
    proxy.handler().on_request = [status = http](const net::HttpExchangeRef& exchange) {
      net::HttpResponse response;
      response.status = status;
      exchange->Respond(std::move(response));
    };
    Client client = Connect({"grpc://" + At(proxy)}, {.most_attempts = 2, .first_pause = milliseconds(1)});
    const Result<InferAnswer> answer = client.Infer(Request(), {.may_repeat = false}).Get();
    EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable) << http;
    EXPECT_NE(answer.error().message.find("HTTP status " + std::to_string(http)), std::string::npos)
        << answer.error().message;
    EXPECT_EQ(client.Figures().retries, retries) << http;
    EXPECT_FALSE(client.Infer(Request()).Get().ok());
    EXPECT_EQ(client.Figures().retries, retries + 1) << http;
  }
}

TEST(ClientGrpcTest, GivesUpAtItsDeadlineWhichTheServerKnows) {
  std::string timeout;
  GrpcCallRef held;
  GrpcService service([&](const GrpcCallRef& call, std::string_view) {
    timeout = call->head().Find("grpc-timeout");
    held = call;
  });
  Client client = Connect({service.address()});
  const Result<InferAnswer> answer = client.Infer(Request(), {.deadline = milliseconds(200)}).Get();
  EXPECT_EQ(answer.error().kind, ErrorKind::kDeadlineExceeded) << answer.error().message;
  EXPECT_TRUE(Soon([&] { return service.cancels == 1; }));
  EXPECT_FALSE(timeout.empty());
  EXPECT_EQ(client.Figures().endpoints[0].outstanding, 0u);
}

// As a machine that has lost its power, or a router that has forgotten a connection.
TEST(ClientGrpcTest, AConnectionThatNothingComesFromIsNotUsedAgain) {
  const client::ListeningSocket silent;
  std::vector<OwnedDescriptor> connections;
  Client client = Connect({"grpc://127.0.0.1:" + std::to_string(silent.port())}, {.connect_timeout = milliseconds(50)});
  for (const size_t wanted : {1, 2}) {
    EXPECT_EQ(client.Infer(Request(), {.deadline = milliseconds(100)}).Get().error().kind,
              ErrorKind::kDeadlineExceeded);
    pollfd watched{silent.get(), POLLIN, 0};
    if (poll(&watched, 1, 1000) == 1) connections.push_back(silent.Accept());
    EXPECT_EQ(connections.size(), wanted);
  }
}

TEST(ClientGrpcTest, TheLongestTimesAreNotAtOnce) {
  GrpcService service;
  Client client =
      Connect({service.address()}, {.deadline = milliseconds::max(), .connect_timeout = milliseconds::max()});
  const Result<InferAnswer> answer = client.Infer(Request()).Get();
  EXPECT_TRUE(answer.ok()) << answer.error().message;
}

TEST(ClientGrpcTest, CancelledCallsEndOnTheServerWhileOthersGoOn) {
  std::latch both_there(2);
  std::mutex mutex;
  std::vector<GrpcCallRef> held;
  GrpcService service([&](const GrpcCallRef& call, std::string_view) {
    const std::lock_guard<std::mutex> lock(mutex);
    held.push_back(call);
    both_there.count_down();
  });
  Client client = Connect({service.address()});
  Future<InferAnswer> cancelled = client.Infer(Request()), other = client.Infer(Request());
  both_there.wait();
  cancelled.Cancel();
  EXPECT_EQ(cancelled.Get().error().kind, ErrorKind::kCancelled);
  EXPECT_TRUE(Soon([&] { return service.cancels == 1; }));
  for (const GrpcCallRef& call : held) Serve(call);
  EXPECT_TRUE(other.Get().ok());
}

TEST(ClientGrpcTest, AServerThatSaidGoodbyeGetsNoNewCalls) {
  auto service = std::make_unique<GrpcService>();
  const uint16_t port = service->port();
  Client client = Connect({service->address()}, {.first_pause = milliseconds(1)});
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
  service.reset();
  EXPECT_EQ(client.Infer(Request()).Get().error().kind, ErrorKind::kUnavailable);
  GrpcService again([](const GrpcCallRef& call, std::string_view) { Serve(call); }, port);
  EXPECT_TRUE(client.Infer(Request()).Get().ok());
}

TEST(ClientGrpcTest, CallsEndWithTheirClient) {
  GrpcCallRef held;
  GrpcService service([&held](const GrpcCallRef& call, std::string_view) { held = call; });
  std::optional<Client> client = Connect({service.address()});
  Future<InferAnswer> answer = client->Infer(Request());
  EXPECT_TRUE(Soon([&] { return service.calls == 1; }));
  client.reset();
  EXPECT_EQ(answer.Get().error().message, "the client is gone");
}

}  // namespace
}  // namespace neso
