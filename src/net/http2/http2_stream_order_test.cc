#include "net/http2/http2_stream_order.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace neso::net {
namespace {

// A client's frames as its connection sees them; streams are open until the client or the server ends them.
class Conversation {
 public:
  uint32_t Frame(uint8_t type, int32_t stream, uint8_t flags = 0, int32_t depends_on = 0) {
    const Http2FrameHeader frame{.type = type, .flags = flags, .stream = stream, .depends_on = depends_on};
    uint32_t error = NGHTTP2_NO_ERROR;
    if (!order_.IsFine(frame)) error = order_.Check(frame, open_.contains(stream));
    if (type == NGHTTP2_HEADERS) open_.insert(stream);
    if (type == NGHTTP2_RST_STREAM || (flags & NGHTTP2_FLAG_END_STREAM)) open_.erase(stream);
    return error;
  }
  uint32_t Headers(int32_t stream, bool end = false) {
    return Frame(NGHTTP2_HEADERS, stream, end ? NGHTTP2_FLAG_END_STREAM : 0);
  }
  uint32_t Data(int32_t stream, bool end = false) {
    return Frame(NGHTTP2_DATA, stream, end ? NGHTTP2_FLAG_END_STREAM : 0);
  }
  uint32_t Reset(int32_t stream) { return Frame(NGHTTP2_RST_STREAM, stream); }
  void ServerResets(int32_t stream) {
    order_.Forgive(stream);
    open_.erase(stream);
  }
  Http2StreamOrder& order() { return order_; }

 private:
  Http2StreamOrder order_;
  std::set<int32_t> open_;
};

TEST(Http2StreamOrderTest, RequestsMayComeInterleaved) {
  Conversation client;
  EXPECT_EQ(client.Headers(1), NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.Headers(3), NGHTTP2_NO_ERROR);
  for (const int32_t stream : {1, 3, 3, 1}) EXPECT_EQ(client.Data(stream), NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.Headers(1, true), NGHTTP2_NO_ERROR) << "trailers";
  EXPECT_EQ(client.Data(3, true), NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.Headers(5, true), NGHTTP2_NO_ERROR);
}

TEST(Http2StreamOrderTest, NothingComesAfterTheEndOfAStream) {
  for (const uint8_t type : {NGHTTP2_HEADERS, NGHTTP2_DATA}) {
    Conversation client;
    client.Headers(1, true);
    EXPECT_EQ(client.Frame(type, 1), NGHTTP2_STREAM_CLOSED);
    Conversation resetting;
    resetting.Headers(1);
    resetting.Reset(1);
    EXPECT_EQ(resetting.Frame(type, 1), NGHTTP2_STREAM_CLOSED);
    Conversation older;
    older.Headers(1, true);
    older.Headers(3);
    EXPECT_EQ(older.Frame(type, 1), NGHTTP2_STREAM_CLOSED);
  }
}

TEST(Http2StreamOrderTest, IdentifiersGrow) {
  Conversation client;
  client.Headers(1, true);
  client.Headers(7, true);
  for (const int32_t skipped : {3, 5}) EXPECT_EQ(client.Headers(skipped), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(client.Headers(9), NGHTTP2_NO_ERROR);
}

TEST(Http2StreamOrderTest, PriorityNeedsAStreamThatIsNotItsOwnParent) {
  Conversation client;
  EXPECT_EQ(client.Frame(NGHTTP2_PRIORITY, 0, 0, 1), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(client.Frame(NGHTTP2_PRIORITY, 3, 0, 3), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(client.Frame(NGHTTP2_PRIORITY, 3, 0, 1), NGHTTP2_NO_ERROR);
}

TEST(Http2StreamOrderTest, WhatIsOnItsWayWhenTheServerEndsAStreamIsForgiven) {
  Conversation client;
  client.Headers(1);
  client.ServerResets(1);
  EXPECT_EQ(client.Data(1), NGHTTP2_NO_ERROR);
  client.Headers(3, true);
  EXPECT_EQ(client.Data(1, true), NGHTTP2_NO_ERROR);
  EXPECT_EQ(client.Data(3), NGHTTP2_STREAM_CLOSED);
}

TEST(Http2StreamOrderTest, StreamsBehindTheGoAwayAreForgiven) {
  Conversation client;
  client.Headers(1);
  client.order().ForgiveAbove(1);
  for (const int32_t stream : {3, 5}) client.order().IsFine({.type = NGHTTP2_HEADERS, .stream = stream});
  EXPECT_EQ(client.Data(3), NGHTTP2_NO_ERROR);
}

TEST(Http2StreamOrderTest, ForgivenessTakesLittleMemoryAndIsNeverTakenBack) {
  Conversation client;
  for (int32_t stream = 1; stream < 2000; stream += 2) {
    client.Headers(stream);
    client.ServerResets(stream);
  }
  for (int32_t stream = 1; stream < 2000; stream += 2) EXPECT_EQ(client.Data(stream), NGHTTP2_NO_ERROR) << stream;
  client.Headers(2001, true);
  client.Headers(2003, true);
  EXPECT_EQ(client.Data(2001), NGHTTP2_STREAM_CLOSED);
}

TEST(Http2FrameTrackerTest, FindsTheHeadersOfFramesWhereverTheInputIsCut) {
  const auto frame = [](size_t size, uint8_t type, char stream, std::string payload) {
    return std::string{0, 0, static_cast<char>(size), static_cast<char>(type), 0, 0, 0, 0, stream} + payload;
  };
  const std::string input = std::string(24, 'P') + frame(0, NGHTTP2_SETTINGS, 0, "") +
                            frame(5, NGHTTP2_PRIORITY, 3, std::string("\0\0\0\x09w", 5)) +
                            frame(7, NGHTTP2_DATA, 1, "payload") + frame(0, NGHTTP2_DATA, 1, "");
  for (size_t step = 1; step <= input.size(); step++) {
    Http2FrameTracker tracker;
    std::string seen;
    for (size_t at = 0; at < input.size();) {
      at += tracker.Advance(std::string_view(input).substr(at, step));
      if (!tracker.begins_frame()) continue;
      seen += std::to_string(tracker.frame().type) + "@" + std::to_string(tracker.frame().stream) + ">" +
              std::to_string(tracker.frame().depends_on) + "+" + std::to_string(tracker.left()) + " ";
    }
    EXPECT_EQ(seen, "4@0>0+0 2@3>9+1 0@1>0+7 0@1>0+0 ") << "in steps of " << step;
  }
}

}  // namespace
}  // namespace neso::net
