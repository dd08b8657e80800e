#include "client/grpc_answer.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <string>
#include <vector>

#include "net/http2/grpc_prefix.h"
#include "net/http2/grpc_text.h"

namespace neso::client {
namespace {

using State = GrpcAnswerReader::State;

std::string Framed(std::string_view message, bool is_compressed = false) {
  return std::string(net::GrpcPrefix(is_compressed, message.size()).view()).append(message);
}

void BeginAnswer(GrpcAnswerReader& reader) {
  reader.Begin();
  reader.AddField(":status", "200");
  reader.AddField("content-type", "application/grpc");
}

std::string Shown(const net::GrpcStatus& status) {
  return std::string(net::GrpcCodeName(status.code)) + ": " + status.message;
}

TEST(GrpcAnswerTest, MessagesComeInAnyPieces) {
  const std::string data = Framed("one") + Framed("") + Framed(std::string(100'000, '3'));
  for (const size_t step : {size_t{1}, size_t{7}, data.size()}) {
    GrpcAnswerReader reader;
    BeginAnswer(reader);
    std::vector<std::string> messages;
    for (size_t at = 0; at < data.size(); at += step) {
      std::string_view piece = std::string_view(data).substr(at, step);
      while (reader.Take(piece) == State::kMessage) messages.emplace_back(reader.message());
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "", std::string(100'000, '3')})) << step;
    reader.AddField("grpc-status", "0");
    reader.AddField("x-more", "m");
    const net::GrpcStatus status = reader.End();
    EXPECT_EQ(Shown(status), "OK: ");
    EXPECT_EQ(status.metadata, (net::GrpcMetadata{{"x-more", "m"}}));
  }
}

TEST(GrpcAnswerTest, TheServersStatusIsRead) {
  GrpcAnswerReader reader;
  BeginAnswer(reader);
  reader.AddField("grpc-status", "5");
  reader.AddField("grpc-message", "100%25 %C3%A4");
  EXPECT_EQ(Shown(reader.End()), "NOT_FOUND: 100% \xc3\xa4");
  BeginAnswer(reader);
  reader.AddField("grpc-status", "999");
  EXPECT_EQ(Shown(reader.End()), "UNKNOWN: the server's answer has a status of its own: 999");
}

TEST(GrpcAnswerTest, WithoutAStatusWhatEndedItTells) {
  GrpcAnswerReader reader;
  BeginAnswer(reader);
  EXPECT_EQ(Shown(reader.End()), "INTERNAL: the server's answer ended without a status");
  EXPECT_EQ(Shown(reader.End(NGHTTP2_REFUSED_STREAM)), "UNAVAILABLE: the server has ended the call: REFUSED_STREAM");
  EXPECT_EQ(reader.End(NGHTTP2_CANCEL).code, net::GrpcCode::kCancelled);
  EXPECT_EQ(reader.End(NGHTTP2_ENHANCE_YOUR_CALM).code, net::GrpcCode::kResourceExhausted);
  EXPECT_EQ(reader.End(NGHTTP2_INADEQUATE_SECURITY).code, net::GrpcCode::kPermissionDenied);
  EXPECT_EQ(reader.End(NGHTTP2_PROTOCOL_ERROR).code, net::GrpcCode::kInternal);
}

TEST(GrpcAnswerTest, AnotherProtocolsAnswerIsKnown) {
  GrpcAnswerReader reader;
  reader.Begin();
  reader.AddField(":status", "200");
  reader.AddField("content-type", "text/html");
  std::string_view page = "<html>\xff\xff\xff\xff\xff";
  EXPECT_EQ(reader.Take(page), State::kMore);
  EXPECT_EQ(Shown(reader.End()), "UNKNOWN: the server's answer is no gRPC: is another protocol spoken at this port?");
  const std::pair<const char*, net::GrpcCode> cases[] = {
      {"400", net::GrpcCode::kInternal},         {"401", net::GrpcCode::kUnauthenticated},
      {"403", net::GrpcCode::kPermissionDenied}, {"404", net::GrpcCode::kUnimplemented},
      {"503", net::GrpcCode::kUnavailable},      {"500", net::GrpcCode::kUnknown}};
  for (const auto& [status, code] : cases) {
    reader.Begin();
    reader.AddField(":status", status);
    EXPECT_EQ(reader.End().code, code) << status;
  }
}

TEST(GrpcAnswerTest, WhatCannotBeReadEndsTheCall) {
  struct Case {
    std::string data, expected;
  };
  const Case cases[] = {{std::string("\2\0\0\0\0", 5),
                         "INTERNAL: the server's answer cannot be read: a message begins with an unknown flag"},
                        {Framed("x", true), "INTERNAL: the server's answer is compressed, which was not asked for"},
                        {Framed("longer"), "RESOURCE_EXHAUSTED: the server's answer is longer than is allowed here"}};
  for (const Case& c : cases) {
    GrpcAnswerReader reader(5);
    BeginAnswer(reader);
    std::string_view data = c.data;
    EXPECT_EQ(reader.Take(data), State::kFailed);
    EXPECT_EQ(Shown(reader.End()), c.expected);
  }
  GrpcAnswerReader reader;
  BeginAnswer(reader);
  std::string_view half = std::string_view("\0\0\0\0\5ab", 7);
  EXPECT_EQ(reader.Take(half), State::kMore);
  reader.AddField("grpc-status", "0");
  EXPECT_EQ(Shown(reader.End()), "INTERNAL: the server's answer ended within a message");
}

TEST(GrpcAnswerTest, StatusesBecomeErrors) {
  EXPECT_TRUE(StatusOf({}).ok());
  EXPECT_EQ(StatusOf({net::GrpcCode::kNotFound, "no model"}).ToString(), NotFound("no model").ToString());
  EXPECT_EQ(StatusOf({net::GrpcCode::kNotFound, ""}).message(), "NOT_FOUND");
  EXPECT_EQ(StatusOf({net::GrpcCode::kResourceExhausted, "full"}).message(), "RESOURCE_EXHAUSTED: full");
  EXPECT_EQ(StatusOf({net::GrpcCode::kUnknown, "odd"}).message(), "odd");
}

}  // namespace
}  // namespace neso::client
