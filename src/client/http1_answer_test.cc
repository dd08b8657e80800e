#include "client/http1_answer.h"

#include <gtest/gtest.h>

namespace neso::client {
namespace {

using State = Http1AnswerReader::State;

// All at once, and byte by byte; returns what both agree on.
State Read(Http1AnswerReader& reader, std::string_view bytes, std::string_view method = "GET") {
  Http1AnswerReader slow;
  slow.Begin(method);
  State by_byte = State::kMore;
  for (size_t i = 0; i < bytes.size() && by_byte == State::kMore; i++) {
    std::string_view one = bytes.substr(i, 1);
    by_byte = slow.Take(one);
  }
  reader.Begin(method);
  const State state = reader.Take(bytes);
  EXPECT_EQ(state, by_byte);
  EXPECT_EQ(reader.status(), slow.status());
  EXPECT_EQ(reader.body(), slow.body());
  return state;
}

TEST(Http1AnswerTest, ReadsABodyOfKnownLengthAndLeavesWhatFollows) {
  Http1AnswerReader reader;
  EXPECT_EQ(Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello"), State::kDone);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.body(), "hello");
  EXPECT_TRUE(reader.keeps_connection());
  EXPECT_EQ(reader.ParseHeaders(), (Http1AnswerReader::Headers{{"content-length", "5"}, {"x-a", "b"}}));
  reader.Begin("GET");
  std::string_view two = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP";
  EXPECT_EQ(reader.Take(two), State::kDone);
  EXPECT_EQ(two, "HTTP");
}

TEST(Http1AnswerTest, ReadsChunks) {
  Http1AnswerReader reader;
  EXPECT_EQ(Read(reader, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
            State::kDone);
  EXPECT_EQ(reader.body(), "abcde");
}

TEST(Http1AnswerTest, AStreamMayHaveAnyNumberOfChunks) {
  Http1AnswerReader reader;
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t i = 0; i < 100'000; i++) answer += "1\r\na\r\n";
  EXPECT_EQ(Read(reader, answer + "0\r\n\r\n"), State::kDone);
  EXPECT_EQ(reader.body().size(), 100'000u);
}

TEST(Http1AnswerTest, SkipsInterimAnswers) {
  Http1AnswerReader reader;
  EXPECT_EQ(Read(reader, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            State::kDone);
  EXPECT_EQ(reader.status(), 404);
}

TEST(Http1AnswerTest, AnswersWithoutBodyEndWithTheHead) {
  Http1AnswerReader reader;
  EXPECT_EQ(Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HEAD"), State::kDone);
  EXPECT_EQ(Read(reader, "HTTP/1.1 204 No Content\r\n\r\n"), State::kDone);
}

TEST(Http1AnswerTest, ABodyOfUnknownLengthEndsWithTheConnection) {
  Http1AnswerReader reader;
  EXPECT_EQ(Read(reader, "HTTP/1.0 200 OK\r\n\r\nall of it"), State::kMore);
  EXPECT_EQ(reader.End(), State::kDone);
  EXPECT_EQ(reader.body(), "all of it");
  EXPECT_FALSE(reader.keeps_connection());
}

TEST(Http1AnswerTest, ConnectionCloseIsHeard) {
  Http1AnswerReader reader;
  EXPECT_EQ(Read(reader, "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n"), State::kDone);
  EXPECT_FALSE(reader.keeps_connection());
}

TEST(Http1AnswerTest, WhatIsNoAnswerIsRefusedWithTheReason) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SSH-2.0-OpenSSH\r\n\r\n", "is another protocol spoken"},
      {"HTTP/1.1 2x0 OK\r\n\r\n", "its status is no number"},
      {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "a header field has no name"},
      {"HTTP/1.1 200 OK\nServer: x\n\n", "does not end in CR LF"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", "Content-Length is malformed"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "Content-Length is malformed"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding is unknown"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed chunk size"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "changes the protocol"},
  };
  for (const auto& [bytes, reason] : cases) {
    Http1AnswerReader reader;
    EXPECT_EQ(Read(reader, bytes), State::kFailed) << bytes;
    EXPECT_NE(reader.failure().message().find(reason), std::string::npos) << reader.failure().message();
  }
}

TEST(Http1AnswerTest, WhatEndsTooEarlyOrIsTooLongFails) {
  Http1AnswerReader reader(4);
  EXPECT_EQ(Read(reader, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"), State::kMore);
  EXPECT_EQ(reader.End(), State::kFailed);
  reader.Begin("GET");
  std::string_view chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n";
  EXPECT_EQ(reader.Take(chunks), State::kFailed);
  reader.Begin("GET");
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(300'000, 'x');
  std::string_view bytes = endless;
  EXPECT_EQ(reader.Take(bytes), State::kFailed);
}

}  // namespace
}  // namespace neso::client
