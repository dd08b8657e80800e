// What a gRPC client sees: messages, statuses, deadlines, cancellation, compression and malformed input.
#include "net/grpc_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/memory_budget.h"
#include "net/compression.h"
#include "net/http2/grpc_frame_reader.h"
#include "net/http2/grpc_text.h"
#include "net/http2/http2_test_util.h"

namespace neso::net {
namespace {

using std::chrono::milliseconds;

bool Soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 10'000 && !condition(); i++) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return condition();
}

std::string Framed(std::string_view message, bool compressed = false) {
  const size_t size = message.size();
  const auto byte = [size](int shift) { return static_cast<char>(size >> shift & 0xff); };
  return std::string{compressed ? '\1' : '\0', byte(24), byte(16), byte(8), byte(0)}.append(message);
}

std::string Text(const BufferRef& message) { return std::string(message->data(), message->size()); }

// What the methods of the test server do: /echo answers every message and then OK; /hold waits.
struct Journal {
  std::atomic<int> calls{0};
  std::atomic<int> messages{0};
  std::atomic<int> ends{0};
  std::atomic<int> cancels{0};
  std::atomic<int> alive{0};
  std::atomic<bool> blocked{false};
  std::atomic<bool> open{false};
};

class TestReceiver final : public GrpcReceiver {
 public:
  TestReceiver(GrpcCallRef call, Journal& journal) : call_(std::move(call)), journal_(journal) { journal_.alive++; }
  ~TestReceiver() override { journal_.alive--; }

  void OnMessage(BufferRef message) override {
    journal_.messages++;
    const std::string_view path = call_->head().path;
    if (path == "/echo") {
      auto kept = std::make_shared<BufferRef>(std::move(message));
      const size_t half = (*kept)->size() / 2;
      call_->Send({.head = ">",
                   .parts = {{(*kept)->data(), half}, {(*kept)->data() + half, (*kept)->size() - half}},
                   .release = kept});
    } else if (path == "/block") {
      journal_.blocked = true;
      while (!journal_.open) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      journal_.blocked = false;
    } else if (path == "/throw") {
      throw std::runtime_error("on purpose");
    } else if (path == "/exhaust") {
      throw std::bad_alloc();
    } else if (path == "/keep") {
      kept_ = std::move(message);
    } else if (path == "/unary") {
      call_->SendAndFinish({.head = BlockString(Text(message)), .parts = {}, .release = nullptr});
    } else if (path == "/swell") {
      call_->Send({.head = BlockString(100'000, 's'), .parts = {}, .release = nullptr});
    } else if (path == "/flood") {
      while (call_->Send({.head = BlockString(50'000, 'f'), .parts = {}, .release = nullptr})) {
      }
    }
  }
  void OnEnd() override {
    journal_.ends++;
    if (call_->head().path == "/echo" || call_->head().path == "/swell") call_->Finish({});
    if (call_->head().path == "/metadata") {
      call_->SendMetadata({{"x-initial", "one"}, {"x-bytes-bin", std::string("\0\xff\n!", 4)}});
      call_->Finish({GrpcCode::kAborted, "", {{"x-trailing", "two"}, {"grpc-status", "0"}, {"X-Odd", "a\nb"}}});
    }
    if (call_->head().path == "/long") {
      call_->Finish({GrpcCode::kAborted, "", {{"x-long", std::string(70'000, 'v')}}});
    }
    if (call_->head().path == "/blanks") {
      call_->Finish({GrpcCode::kAborted, "[" + std::string(call_->head().Find("x")) + "]"});
    }
    if (call_->head().path == "/fail") call_->Finish({GrpcCode::kNotFound, "100% \xc3\xa4\n"});
  }
  void OnCancel() override { journal_.cancels++; }

 private:
  const GrpcCallRef call_;
  Journal& journal_;
  BufferRef kept_;
};

class GrpcServerTest : public ::testing::Test, public GrpcHandler {
 protected:
  void Start(GrpcServerOptions options = {}) {
    options.address = "127.0.0.1";
    auto started = GrpcServer::Start(reactors_, *this, options);
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = *std::move(started);
  }
  GrpcReceiverRef OnCall(GrpcCallRef call) override {
    journal_.calls++;
    if (call->head().path == "/unknown") return nullptr;
    if (call->head().path == "/late") {
      journal_.blocked = true;
      while (call->Send({})) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (call->head().path == "/now") call->Finish({GrpcCode::kUnavailable, "not now", {{"x-why", "early"}}});
    return std::make_shared<TestReceiver>(std::move(call), journal_);
  }
  static int32_t Call(TestHttp2Client& client, const std::string& path, std::string body,
                      TestHttp2Client::Fields more = {}, bool open = false) {
    more.insert(more.begin(), {{"content-type", "application/grpc+proto"}, {"te", "trailers"}});
    return client.Request("POST", path, more, std::move(body), open);
  }
  static std::string Status(const TestHttp2Client::Answer& answer) {
    for (const auto* fields : {&answer.trailers, &answer.head}) {
      if (const auto code = fields->find("grpc-status"); code != fields->end()) {
        const auto message = fields->find("grpc-message");
        return code->second + (message != fields->end() ? " " + message->second : "");
      }
    }
    return "none";
  }

  Journal journal_;
  Executor executor_{"test-exec", 8};
  ReactorPool reactors_{executor_, {.groups = 1}};
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcServerTest, AnswersACall) {
  Start();
  TestHttp2Client client(server_->port());
  const auto& answer = client.Wait(Call(client, "/echo", Framed("hello")));
  EXPECT_EQ(answer.head.at(":status"), "200");
  EXPECT_EQ(answer.head.at("content-type"), "application/grpc");
  EXPECT_EQ(answer.body, Framed(">hello"));
  EXPECT_EQ(answer.trailers.at("grpc-status"), "0");
  EXPECT_EQ(client.Wait(Call(client, "/unary", Framed(""))).body, Framed(""));
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", ""))), "0");
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0; }));
  EXPECT_EQ(journal_.cancels, 0);
}

TEST_F(GrpcServerTest, MessagesOfEverySizeInEveryPiece) {
  Start();
  TestHttp2Client client(server_->port());
  for (const size_t size :
       {size_t{1}, size_t{1000}, size_t{1018}, size_t{1019}, size_t{20'000}, size_t{602'112}, size_t{20'000'000}}) {
    std::string message(size, '\0');
    for (size_t i = 0; i < size; i++) message[i] = static_cast<char>(i * 31 + i / 977);
    const auto& answer = client.Wait(Call(client, "/echo", Framed(message) + Framed("x") + Framed(message)));
    EXPECT_TRUE(answer.body == Framed(">" + message) + Framed(">x") + Framed(">" + message)) << size;
    EXPECT_EQ(Status(answer), "0");
  }
}

TEST_F(GrpcServerTest, AStreamGoesBothWays) {
  Start();
  TestHttp2Client client(server_->port());
  const int32_t id = Call(client, "/echo", "", {}, true);
  std::string expected;
  for (int i = 0; i < 100; i++) {
    const std::string message = "message " + std::to_string(i);
    const std::string framed = Framed(message);
    client.SendBody(id, framed.substr(0, 3));
    client.SendBody(id, framed.substr(3));
    expected += Framed(">" + message);
    EXPECT_TRUE(client.ReadUntil([&] { return client.answer(id).body == expected; }));
  }
  client.EndBody(id);
  EXPECT_EQ(Status(client.Wait(id)), "0");
}

TEST_F(GrpcServerTest, StatusesAreTold) {
  Start();
  TestHttp2Client client(server_->port());
  const auto& failed = client.Wait(Call(client, "/fail", Framed("x")));
  EXPECT_EQ(Status(failed), "5 100%25 %C3%A4%0A");
  EXPECT_TRUE(failed.trailers.empty());  // trailers only
  EXPECT_EQ(Status(client.Wait(Call(client, "/unknown", Framed("x")))), "12");
  EXPECT_EQ(Status(client.Wait(Call(client, "/now", Framed("x"), {}, true))), "14 not now");
  EXPECT_EQ(
      client.Wait(client.Request("POST", "/echo", {{"content-type", "application/json"}}, "{}")).head.at(":status"),
      "415");
  EXPECT_EQ(client.Wait(client.Request("GET", "/echo", {{"content-type", "application/grpc"}})).head.at(":status"),
            "415");
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0; }));
}

TEST_F(GrpcServerTest, AStatusThatCannotBeSentResetsItsCall) {
  Start();
  TestHttp2Client client(server_->port());
  const auto& answer = client.Wait(Call(client, "/long", Framed("")));
  EXPECT_TRUE(answer.closed);
  EXPECT_EQ(answer.error, static_cast<uint32_t>(NGHTTP2_INTERNAL_ERROR));
  EXPECT_EQ(Status(client.Wait(Call(client, "/unary", Framed("")))), "0");
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0; }));
}

TEST_F(GrpcServerTest, BlanksAroundAValueStay) {
  Start();
  TestHttp2Client client(server_->port());
  EXPECT_EQ(Status(client.Wait(Call(client, "/blanks", Framed(""), {{"x", " one two "}}))), "10 [ one two ]");
}

TEST_F(GrpcServerTest, MetadataGoesBothWays) {
  Start();
  TestHttp2Client client(server_->port());
  const auto& answer = client.Wait(Call(client, "/metadata", Framed("x")));
  EXPECT_EQ(answer.head.at("x-initial"), "one");
  EXPECT_EQ(answer.head.at("x-bytes-bin"), "AP8KIQ");
  EXPECT_EQ(Status(answer), "10");
  EXPECT_EQ(answer.trailers.at("x-trailing"), "two");
  EXPECT_EQ(answer.trailers.at("x-odd"), "a b");
  const auto& refused = client.Wait(Call(client, "/now", Framed("x")));
  EXPECT_EQ(refused.head.at("x-why"), "early") << "trailers only";
}

TEST_F(GrpcServerTest, MalformedMessages) {
  Start({.limits = {.max_message_bytes = 1000}});
  TestHttp2Client client(server_->port());
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("cut").substr(0, 6)))),
            "13 the request ends within a message");
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", "\7" + std::string(10, '\0')))), "13 malformed message prefix");
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed(std::string(1001, 'x'))))),
            "8 SERVER: Received message larger than max (1001 vs. 1000)");
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("x", true)))),
            "13 compressed message without grpc-encoding");
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("x", true), {{"grpc-encoding", "gzip"}}))),
            "13 the message could not be decompressed");
  const auto& unknown = client.Wait(Call(client, "/echo", Framed("x"), {{"grpc-encoding", "snappy"}}));
  EXPECT_TRUE(Status(unknown).starts_with("12 "));
  EXPECT_EQ(unknown.head.at("grpc-accept-encoding"), "identity, deflate, gzip");
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("fine")))), "0");
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0; }));
}

TEST_F(GrpcServerTest, Compression) {
  Start({.limits = {.max_message_bytes = 1'000'000}, .compression = GrpcCompression::kHigh});
  TestHttp2Client client(server_->port());
  const std::string text(50'000, 'z');
  const std::vector<std::string_view> pieces{text};
  for (const ContentEncoding encoding : {ContentEncoding::kGzip, ContentEncoding::kDeflate}) {
    const std::string name = ContentEncodingName(encoding);
    const std::string small = *Compress(encoding, pieces);
    const auto& answer = client.Wait(Call(client, "/unary", Framed(small, true),
                                          {{"grpc-encoding", name}, {"grpc-accept-encoding", "identity, " + name}}));
    EXPECT_EQ(answer.head.at("grpc-encoding"), name);
    ASSERT_GT(answer.body.size(), 5u);
    EXPECT_EQ(answer.body[0], 1);
    EXPECT_TRUE(Text(*Decompress(std::span(answer.body).subspan(5), SIZE_MAX)) == text);
  }
  EXPECT_EQ(client.Wait(Call(client, "/unary", Framed("plain"))).body, Framed("plain"));
  const std::string large(1'000'001, 'z');
  const std::string bomb = *Compress(ContentEncoding::kGzip, std::vector<std::string_view>{large});
  EXPECT_TRUE(
      Status(client.Wait(Call(client, "/unary", Framed(bomb, true), {{"grpc-encoding", "gzip"}}))).starts_with("8 "));
}

TEST_F(GrpcServerTest, CompressedMessagesTakeABoundedPartOfTheMemory) {
  Start();
  MemoryBudget& budget = MemoryBudget::OfProcess();
  budget.SetLimit(budget.UsedApprox() + 5'500'000);
  const std::string large(2'000'000, 'z');
  const std::string bomb = Framed(*Compress(ContentEncoding::kGzip, std::vector<std::string_view>{large}), true);
  const TestHttp2Client::Fields gzip{{"grpc-encoding", "gzip"}};
  TestHttp2Client client(server_->port());
  std::vector<int32_t> held;
  for (int i = 0; i < 2; i++) {
    held.push_back(Call(client, "/keep", bomb, gzip));
    EXPECT_TRUE(Soon([&] { return journal_.messages == i + 1; }));
  }
  EXPECT_TRUE(Status(client.Wait(Call(client, "/echo", bomb, gzip))).starts_with("8 the server has no memory for "));
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("plain")))), "0");
  client.ResetStream(held.front());
  EXPECT_TRUE(Soon([&] { return budget.UsedApprox() < budget.limit() - 3'000'000; }));
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", bomb, gzip))), "0");
  budget.SetLimit(SIZE_MAX);
}

TEST_F(GrpcServerTest, AMethodThatThrowsCostsItsCallOnly) {
  Start();
  TestHttp2Client client(server_->port());
  EXPECT_EQ(Status(client.Wait(Call(client, "/throw", Framed("x")))), "13 unexpected exception: on purpose");
  EXPECT_EQ(Status(client.Wait(Call(client, "/exhaust", Framed("x")))), "8 out of memory");
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("x")))), "0");
}

TEST_F(GrpcServerTest, ADeadlineIsAnswered) {
  Start();
  TestHttp2Client client(server_->port());
  EXPECT_EQ(Status(client.Wait(Call(client, "/hold", Framed("x"), {{"grpc-timeout", "50m"}}))), "4 Deadline Exceeded");
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 1; }));
  EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("x"), {{"grpc-timeout", "10S"}}))), "0");
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0; }));
  EXPECT_EQ(journal_.cancels, 1);
}

TEST_F(GrpcServerTest, CancellationIsToldWhileAMessageIsHandled) {
  Start();
  auto client = std::make_unique<TestHttp2Client>(server_->port());
  const int32_t held = Call(*client, "/hold", Framed("x"));
  const int32_t blocked = Call(*client, "/block", Framed("x"), {}, true);
  EXPECT_TRUE(Soon([&] { return journal_.blocked.load() && journal_.ends == 1; }));
  client->ResetStream(held);
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 1; }));
  client->ResetStream(blocked);
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 2; }));
  EXPECT_TRUE(journal_.blocked);
  Call(*client, "/hold", Framed("x"));
  EXPECT_TRUE(Soon([&] { return journal_.ends == 2; }));
  client.reset();
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 3; }));
  journal_.open = true;
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0 && server_->ConnectionCount() == 0; }));
}

TEST_F(GrpcServerTest, AClientThatDoesNotReadIsCut) {
  Start({.limits = {.max_unread_bytes = 1 << 20}});
  TestHttp2Client client(server_->port(), 0, 1000);
  const int32_t id = Call(client, "/flood", Framed("x"));
  EXPECT_TRUE(client.ReadUntil([&] { return client.answer(id).closed; }));
  const std::string status = Status(client.answer(id));
  EXPECT_TRUE(status.starts_with("8 the client does not read its responses, or too slowly: ")) << status;
  EXPECT_TRUE(Soon([&] { return journal_.alive == 0; }));
}

TEST_F(GrpcServerTest, MessagesWaitForAClientThatDoesNotReadWhatItHas) {
  Start({.limits = {.max_unread_bytes = 1 << 20}});
  TestHttp2Client client(server_->port(), 0, 1000);
  std::string messages;
  for (int i = 0; i < 200; i++) messages += Framed("x");
  const int32_t id = Call(client, "/swell", messages);
  EXPECT_TRUE(client.ReadUntil([&] { return client.answer(id).closed; }));
  EXPECT_EQ(Status(client.answer(id)), "0");
  EXPECT_EQ(client.answer(id).body.size(), 200 * Framed(std::string(100'000, 's')).size());
}

TEST_F(GrpcServerTest, AClientThatSendsTooFastRunsOutOfWindow) {
  Start();
  TestHttp2Client client(server_->port());
  const int32_t id = Call(client, "/block", "", {}, true);
  const std::string message = Framed(std::string(4 << 20, 'x'));
  std::thread reader([&] {
    for (int i = 0; i < 30; i++) client.SendBody(id, message, i == 29);  // 120 MB; most of it waits here
    EXPECT_TRUE(client.ReadUntil([&] { return client.Unsent(id) == 0; }));
  });
  EXPECT_TRUE(Soon([&] { return journal_.blocked.load(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(journal_.messages, 1);
  journal_.open = true;
  reader.join();
  EXPECT_TRUE(Soon([&] { return journal_.ends == 1; }));
  EXPECT_EQ(journal_.messages, 30);
}

TEST_F(GrpcServerTest, ShortMessagesThatWaitTakeABoundedPartOfTheMemory) {
  MemoryBudget& budget = MemoryBudget::OfProcess();
  const size_t before = budget.UsedApprox();
  budget.SetLimit(before + (8u << 20));  // far less than those have that are taken before the window is withheld
  Start();
  TestHttp2Client client(server_->port());
  std::string messages;
  for (int i = 0; i < 300'000; i++) messages += Framed("");
  const int32_t id = Call(client, "/block", messages);
  std::atomic<bool> is_answered = false;
  std::thread reader([&] {
    EXPECT_TRUE(client.ReadUntil([&] { return client.answer(id).closed; }));
    is_answered = true;
  });
  // While the first is being handled, or before; the method hears of it when it may.
  EXPECT_TRUE(Soon([&] { return is_answered || budget.UsedApprox() > before + (64u << 20); }));
  EXPECT_TRUE(is_answered);
  journal_.open = true;
  reader.join();
  EXPECT_EQ(Status(client.answer(id)), "8 the server has no memory for the message now; try again later");
  budget.SetLimit(SIZE_MAX);
}

TEST_F(GrpcServerTest, AClientThatAnswersPingsStays) {
  Start({.keep_alive = {.time = milliseconds(20), .timeout = milliseconds(10'000), .max_pings_without_data = 0}});
  TestHttp2Client client(server_->port());
  const int32_t id = Call(client, "/echo", "", {}, true);
  EXPECT_TRUE(client.ReadUntil([&] { return client.pings() >= 5; }));
  client.SendBody(id, Framed("still here"), true);
  EXPECT_EQ(Status(client.Wait(id)), "0");
}

TEST_F(GrpcServerTest, AClientThatAnswersNoPingIsCut) {
  Start({.keep_alive = {.time = milliseconds(20), .timeout = milliseconds(20)}});
  TestHttp2Client idle(server_->port());
  EXPECT_EQ(Status(idle.Wait(Call(idle, "/echo", Framed("x")))), "0");
  TestHttp2Client client(server_->port());
  Call(client, "/hold", Framed("x"));
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 1; }));  // it does not read meanwhile
  EXPECT_TRUE(Soon([&] { return server_->ConnectionCount() == 1; }));
  EXPECT_EQ(Status(idle.Wait(Call(idle, "/echo", Framed("x")))), "0") << "without calls nobody is pinged";
}

TEST_F(GrpcServerTest, TooManyPingsEndTheConnection) {
  Start();
  TestHttp2Client client(server_->port());
  const int32_t call = Call(client, "/hold", Framed("x"));
  EXPECT_TRUE(Soon([&] { return journal_.messages == 1; }));
  for (int i = 0; i < 4; i++) client.Ping();
  EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(client.go_away_reason(), "too_many_pings");
  EXPECT_FALSE(client.answer(call).head.contains(":status"));
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 1; }));
}

TEST_F(GrpcServerTest, PingsAreBorneAsLongAsDataIsSent) {
  Start();
  TestHttp2Client client(server_->port());
  for (int i = 0; i < 20; i++) {
    client.Ping();
    client.Ping();
    EXPECT_EQ(Status(client.Wait(Call(client, "/echo", Framed("x")))), "0");
  }
}

TEST_F(GrpcServerTest, OldConnectionsEndWhenTheirCallsHave) {
  Start({.keep_alive = {.max_age = milliseconds(50)}});
  TestHttp2Client client(server_->port());
  const int32_t id = Call(client, "/echo", "", {}, true);
  EXPECT_TRUE(client.ReadUntil([&] { return client.go_away_reason() == "max_age"; }));
  EXPECT_EQ(client.go_away(), NGHTTP2_NO_ERROR);
  client.SendBody(id, Framed("late"), true);
  EXPECT_EQ(Status(client.Wait(id)), "0");
  EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_NO_ERROR);
}

TEST_F(GrpcServerTest, OldConnectionsAreCutWhenTheirGraceIsOver) {
  Start({.keep_alive = {.max_age = milliseconds(50), .max_age_grace = milliseconds(50)}});
  TestHttp2Client client(server_->port());
  Call(client, "/hold", Framed("x"));
  EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_NO_ERROR);
  EXPECT_TRUE(Soon([&] { return journal_.cancels == 1; }));
}

// What a client sends before it has heard of the end is a call like others, for the method to refuse.
TEST_F(GrpcServerTest, CallsOnTheirWayWhenTheDrainBeginsReachTheirMethod) {
  Start();
  TestHttp2Client client(server_->port());
  const int32_t held = Call(client, "/echo", "", {}, true);
  EXPECT_TRUE(Soon([&] { return journal_.calls == 1; }));
  server_->BeginDrain(nullptr);
  const auto& late = client.Wait(Call(client, "/now", Framed("x")));  // the client reads the GOAWAY only now
  EXPECT_EQ(Status(late), "14 not now");
  EXPECT_EQ(client.go_away(), NGHTTP2_NO_ERROR);
  client.EndBody(held);
  EXPECT_EQ(Status(client.Wait(held)), "0");
  EXPECT_EQ(client.WaitForGoAway(), NGHTTP2_NO_ERROR);
}

TEST_F(GrpcServerTest, AClientThatDoesNotSpeakDoesNotDelayTheDrain) {
  Start();
  TestClient silent(server_->port());
  EXPECT_TRUE(Soon([&] { return server_->ConnectionCount() == 1; }));
  server_->BeginDrain(nullptr);
  silent.ReadAll();
}

TEST_F(GrpcServerTest, TheServerMayEndWithCallsOpen) {
  Start();
  TestHttp2Client client(server_->port());
  Call(client, "/hold", Framed("x"));
  Call(client, "/hold", Framed("x"), {}, true);
  EXPECT_TRUE(Soon([&] { return journal_.messages == 2; }));
  server_.reset();
  EXPECT_EQ(journal_.cancels, 2);
  EXPECT_EQ(journal_.alive, 0);
}

TEST_F(GrpcServerTest, AMethodThatIsLateHearsOfTheEndThatCameMeanwhile) {
  // One thread, which is with the method: the end of the call waits for it.
  ReactorPool reactors(executor_, {.groups = 1, .late_after = std::chrono::hours(1)});
  auto started = GrpcServer::Start(reactors, *this, {.address = "127.0.0.1"});
  ASSERT_TRUE(started.ok()) << started.status().ToString();
  server_ = *std::move(started);
  TestHttp2Client client(server_->port());
  Call(client, "/late", Framed("x"));
  EXPECT_TRUE(Soon([&] { return journal_.blocked.load(); }));
  server_.reset();
  EXPECT_EQ(journal_.cancels, 1);
  EXPECT_EQ(journal_.alive, 0);
}

TEST(GrpcTextTest, Timeouts) {
  EXPECT_EQ(ParseGrpcTimeout("250m"), std::chrono::milliseconds(250));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), std::chrono::hours(1'000'000));
  EXPECT_EQ(ParseGrpcTimeout("7n"), Nanoseconds(7));
  for (const char* bad : {"", "m", "5", "5x", "-5m", "123456789m", " 5m", "5 m"})
    EXPECT_FALSE(ParseGrpcTimeout(bad)) << bad;
}

TEST(GrpcTextTest, ContentTypes) {
  EXPECT_TRUE(IsGrpcContentType("application/grpc"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc+proto"));
  EXPECT_TRUE(IsGrpcContentType("application/grpc;x=y"));
  EXPECT_FALSE(IsGrpcContentType("application/grpc-web"));
  EXPECT_FALSE(IsGrpcContentType("application/json"));
}

TEST(GrpcTextTest, TheLevelChoosesAmongWhatIsAccepted) {
  EXPECT_EQ(ChooseGrpcEncoding(GrpcCompression::kNone, "gzip"), ContentEncoding::kIdentity);
  EXPECT_EQ(ChooseGrpcEncoding(GrpcCompression::kLow, "identity, deflate, gzip"), ContentEncoding::kGzip);
  EXPECT_EQ(ChooseGrpcEncoding(GrpcCompression::kHigh, "identity,deflate,gzip"), ContentEncoding::kDeflate);
  EXPECT_EQ(ChooseGrpcEncoding(GrpcCompression::kHigh, "identity, gzip"), ContentEncoding::kGzip);
  EXPECT_EQ(ChooseGrpcEncoding(GrpcCompression::kHigh, ""), ContentEncoding::kIdentity);
}

}  // namespace
}  // namespace neso::net
