// Messages arrive whole however their frames are cut and mixed with others.
#include "net/http2/http2_gather.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/executor.h"
#include "net/grpc_server.h"
#include "net/http2/http2_test_util.h"
#include "net/reactor/reactor_pool.h"

namespace neso::net {
namespace {

TEST(Http2GatherTest, PayloadsGoToTheirPlacesAndHeadersToScratch) {
  std::vector<char> room(40'000), scratch(1000);
  Http2Gather gather(room, 10'000, 16'384, scratch);
  const auto pieces = gather.pieces();
  ASSERT_EQ(pieces.size(), 6u);
  const size_t sizes[] = {10'000, 9, 16'384, 9, 40'000 - 26'384, 1000 - 18};
  for (size_t i = 0; i < pieces.size(); i++) EXPECT_EQ(pieces[i].iov_len, sizes[i]) << i;
  EXPECT_EQ(pieces[2].iov_base, room.data() + 10'000);
  EXPECT_EQ(pieces[5].iov_base, scratch.data() + 18);
  EXPECT_TRUE(gather.IsPayload(0) && gather.IsPayload(4));
  EXPECT_FALSE(gather.IsPayload(1) || gather.IsPayload(5));
}

TEST(Http2GatherTest, SmallFramesAreNotGuessed) {
  std::vector<char> room(40'000), scratch(1000);
  Http2Gather gather(room, 100, 200, scratch);
  EXPECT_EQ(gather.pieces().size(), 2u);
  Http2Gather without_room({}, 100, 200, scratch);
  EXPECT_EQ(without_room.pieces().size(), 1u);
  EXPECT_FALSE(without_room.IsPayload(0));
}

TEST(Http2GatherTest, TheRestIsWhatWasReadFromAPieceOn) {
  std::string room = "aaaabbbb";
  std::string scratch = "123456789tail";
  Http2Gather gather({room.data(), room.size()}, 4, 8192, {scratch.data(), scratch.size()});
  EXPECT_EQ(gather.Rest(1, 9 + 4 + 2), "123456789bbbbta");
  EXPECT_EQ(gather.Rest(2, 3), "bbb");
}

// Answers a call with its message.
class Unary final : public GrpcReceiver {
 public:
  explicit Unary(GrpcCallRef call) : call_(std::move(call)) {}
  void OnMessage(BufferRef message) override { message_.assign(message->data(), message->size()); }
  void OnEnd() override { call_->SendAndFinish({.head = std::move(message_), .parts = {}, .release = nullptr}); }
  void OnCancel() override {}

 private:
  const GrpcCallRef call_;
  BlockString message_;
};

class Handler final : public GrpcHandler {
 public:
  GrpcReceiverRef OnCall(GrpcCallRef call) override { return std::make_shared<Unary>(std::move(call)); }
};

std::string Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload) {
  const size_t size = payload.size();
  const auto byte = [](size_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
  const auto id = static_cast<size_t>(stream);
  return std::string{
      byte(size, 16), byte(size, 8), byte(size, 0), static_cast<char>(type), static_cast<char>(flags), byte(id, 24),
      byte(id, 16),   byte(id, 8),   byte(id, 0)}
      .append(payload);
}

std::string Message(std::mt19937& random, size_t size) {
  std::string message(5 + size, '\0');
  for (size_t i = 0; i < 4; i++) message[1 + i] = static_cast<char>(size >> (24 - 8 * i) & 0xff);
  for (size_t i = 5; i < message.size(); i++) message[i] = static_cast<char>(random());
  return message;
}

// The frames of both messages, cut and mixed at random; most are of the usual size.
std::string Mixed(std::mt19937& random, std::string_view first, int32_t first_id, std::string_view second,
                  int32_t second_id) {
  constexpr uint8_t kData = 0, kPing = 6, kEndStream = 1, kPadded = 8;
  std::string bytes;
  while (!first.empty() || !second.empty()) {
    const bool takes_first = second.empty() || (!first.empty() && random() % 8 != 0);
    std::string_view& message = takes_first ? first : second;
    const size_t wanted = random() % 6 == 0 ? random() % 40'000 : 16'384;
    const std::string_view payload = message.substr(0, wanted);
    message.remove_prefix(payload.size());
    const uint8_t end = message.empty() ? kEndStream : 0;
    const int32_t id = takes_first ? first_id : second_id;
    if (random() % 12 == 0) {
      bytes += Frame(kData, end | kPadded, id, std::string(1, '\3').append(payload).append(3, '\0'));
    } else {
      bytes += Frame(kData, end, id, payload);
    }
    if (random() % 16 == 0) bytes += Frame(kPing, 0, 0, "12345678");
  }
  return bytes;
}

TEST(Http2GatherTest, MessagesAreWholeHoweverTheirFramesAreCutAndMixed) {
  Executor executor("test-exec", 8);
  ReactorPool reactors(executor, {.groups = 1});
  Handler handler;
  auto server = GrpcServer::Start(reactors, handler, {.address = "127.0.0.1", .keep_alive = {.max_ping_strikes = 0}});
  ASSERT_TRUE(server.ok());
  for (unsigned seed = 0; seed < 40; seed++) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string first = Message(random, random() % 900'000), second = Message(random, random() % 90'000);
    TestHttp2Client client((*server)->port());
    const TestHttp2Client::Fields head{{"content-type", "application/grpc"}, {"te", "trailers"}};
    // The limit on frames that the server names holds when it has been acknowledged.
    client.Wait(client.Request("POST", "/unary", head, Message(random, 10)));
    const int32_t first_id = client.Request("POST", "/unary", head, {}, true);
    const int32_t second_id = client.Request("POST", "/unary", head, {}, true);
    ASSERT_TRUE(client.client().Send(Mixed(random, first, first_id, second, second_id)));
    ASSERT_TRUE(client.ReadUntil([&] {
      return client.answer(first_id).trailers.contains("grpc-status") &&
             client.answer(second_id).trailers.contains("grpc-status");
    }));
    EXPECT_TRUE(client.answer(first_id).body == first);
    EXPECT_TRUE(client.answer(second_id).body == second);
  }
}

}  // namespace
}  // namespace neso::net
