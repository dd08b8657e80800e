#include "net/http2/grpc_text.h"

#include <gtest/gtest.h>

namespace neso::net {
namespace {

std::string Repeated(std::string_view text, size_t count) {
  std::string repeated;
  for (size_t i = 0; i < count; i++) repeated += text;
  return repeated;
}

TEST(GrpcTextTest, WhatIsNotPrintableIsEscaped) {
  EXPECT_EQ(EncodeGrpcMessage("plain ~ text"), "plain ~ text");
  EXPECT_EQ(EncodeGrpcMessage("100%\n\xc3\xa4"), "100%25%0A%C3%A4");
  EXPECT_EQ(EncodeGrpcMessage(""), "");
}

TEST(GrpcTextTest, ATextOfTheGreatestLengthIsWhole) {
  const std::string text(kMaxGrpcMessageBytes, 'x');
  EXPECT_EQ(EncodeGrpcMessage(text), text);
  EXPECT_EQ(EncodeGrpcMessage(text + "x"), std::string(kMaxGrpcMessageBytes - 3, 'x') + "...");
}

TEST(GrpcTextTest, ALongerOneIsCutBetweenCharacters) {
  struct Case {
    std::string_view character;
    std::string_view encoded;
  };
  for (const auto& [character, encoded] : {Case{"\xc3\xa4", "%C3%A4"}, Case{"\xe2\x82\xac", "%E2%82%AC"},
                                           Case{"\xf0\x9f\xa6\x89", "%F0%9F%A6%89"}, Case{"\x80", "%80"}}) {
    const std::string text = EncodeGrpcMessage(Repeated(character, 10'000));
    const size_t whole = (kMaxGrpcMessageBytes - 3) / encoded.size();
    EXPECT_EQ(text, Repeated(encoded, whole) + "...") << encoded;
  }
}

TEST(GrpcTextTest, ManyBytesBehindOneCharacterAreNoCharacter) {
  const std::string text = EncodeGrpcMessage("\xf0" + std::string(10'000, '\x80'));
  EXPECT_TRUE(text.starts_with("%F0%80%80%80%80"));
  EXPECT_LE(text.size(), kMaxGrpcMessageBytes);
}

TEST(GrpcTextTest, TimeoutsAreWrittenInAUnitThatFits) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  EXPECT_EQ(GrpcTimeoutText(Nanoseconds(-1)), "0n");
  EXPECT_EQ(GrpcTimeoutText(Nanoseconds(99'999'999)), "99999999n");
  EXPECT_EQ(GrpcTimeoutText(Nanoseconds(100'000'001)), "100001u");
  EXPECT_EQ(GrpcTimeoutText(milliseconds(500)), "500000u");
  EXPECT_EQ(GrpcTimeoutText(hours(24)), "86400000m");
  EXPECT_EQ(GrpcTimeoutText(hours(24 * 366)), "31622400S");
  EXPECT_EQ(GrpcTimeoutText(Nanoseconds::max()), "2562048H");
  for (const Nanoseconds timeout : {Nanoseconds(7), Nanoseconds(milliseconds(3)), Nanoseconds(hours(1))})
    EXPECT_EQ(ParseGrpcTimeout(GrpcTimeoutText(timeout)), timeout);
}

TEST(GrpcTextTest, CodesAreThoseOfServers) {
  EXPECT_EQ(ParseGrpcCode("0"), GrpcCode::kOk);
  EXPECT_EQ(ParseGrpcCode("16"), GrpcCode::kUnauthenticated);
  EXPECT_EQ(GrpcCodeName(*ParseGrpcCode("5")), "NOT_FOUND");
  for (const char* none : {"", "17", "-1", "5 ", "x", "99999999999999999999"})
    EXPECT_FALSE(ParseGrpcCode(none)) << none;
}

}  // namespace
}  // namespace neso::net
