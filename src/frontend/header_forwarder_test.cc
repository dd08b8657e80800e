#include "frontend/header_forwarder.h"

#include <gtest/gtest.h>

#include <utility>

namespace neso {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

net::HttpHead HeadOf(const Pairs& headers) {
  net::HttpHead head;
  for (const auto& [name, value] : headers) head.headers.emplace_back(name, value);
  return head;
}

Pairs Texts(const Expected<std::vector<NamedParameter>>& parameters) {
  if (!parameters) return {{"error", parameters.error().message()}};
  Pairs texts;
  for (const NamedParameter& parameter : *parameters) {
    texts.emplace_back(parameter.name, std::get<std::string>(parameter.value));
  }
  return texts;
}

Pairs FromHeaders(const std::string& pattern, const Pairs& headers) {
  return Texts((*HeaderForwarder::Create(pattern))->FromHeaders(HeadOf(headers)));
}

Pairs FromMetadata(const std::string& pattern, const Pairs& headers) {
  return Texts((*HeaderForwarder::Create(pattern))->FromMetadata(HeadOf(headers)));
}

TEST(HeaderForwarderTest, TakesWhatThePatternMatchesAnywhereWhateverTheCase) {
  const Pairs headers = {{"X-My-Key", "a"}, {"my", "b"}, {"other", "c"}, {"DUMMY", ""}};
  EXPECT_EQ(FromHeaders("my", headers), (Pairs{{"X-My-Key", "a"}, {"my", "b"}, {"DUMMY", ""}}));
  EXPECT_EQ(FromHeaders("^MY|^other$", headers), (Pairs{{"my", "b"}, {"other", "c"}}));
  EXPECT_EQ(FromHeaders("(?-i)MY", headers), (Pairs{{"DUMMY", ""}}));
  EXPECT_EQ(FromHeaders("nothing", headers), Pairs{});
  EXPECT_EQ(FromHeaders("", headers), headers);
}

TEST(HeaderForwarderTest, RepeatedHeadersStayApart) {
  const Pairs headers = {{"x-a", "1"}, {"X-A", "2"}, {"x-a", "1"}};
  EXPECT_EQ(FromHeaders("x-a", headers), headers);
}

TEST(HeaderForwarderTest, NamesWithAMeaningAreRefused) {
  for (const char* name : {"sequence_id", "sequence_start", "sequence_end", "priority", "timeout", "headers",
                           "binary_data_output", "triton_", "triton_anything"}) {
    const Pairs error = {
        {"error", std::string("Header '") + name + "' is reserved for Triton usage and cannot be forwarded."}};
    EXPECT_EQ(FromHeaders(".*", {{"a", "1"}, {name, "2"}}), error);
    EXPECT_EQ(FromMetadata(".*", {{"a", "1"}, {name, "2"}}), error);
    EXPECT_EQ(FromHeaders("^a$", {{"a", "1"}, {name, "2"}}), (Pairs{{"a", "1"}})) << "it is not asked for";
  }
  EXPECT_EQ(FromHeaders(".*", {{"Priority", "1"}}), (Pairs{{"Priority", "1"}})) << "means nothing, spelled so";
}

TEST(HeaderForwarderTest, MetadataAreWithoutTheProtocolsOwn) {
  EXPECT_EQ(FromMetadata(".*", {{"te", "trailers"},
                                {"content-type", "application/grpc"},
                                {"host", "x"},
                                {"grpc-timeout", "1S"},
                                {"grpc-accept-encoding", "gzip"},
                                {"user-agent", "me"},
                                {"key", "value"}}),
            (Pairs{{"user-agent", "me"}, {"key", "value"}}));
}

TEST(HeaderForwarderTest, BinaryMetadataAreDecoded) {
  EXPECT_EQ(FromMetadata("key", {{"key-bin", "AP9hYmM="}, {"key-bin", "YWJj,ZGVm"}, {"key", "YWJj"}, {"key2-bin", ""}}),
            (Pairs{{"key-bin", std::string("\0\xff"
                                           "abc",
                                           5)},
                   {"key-bin", "abc"},
                   {"key-bin", "def"},
                   {"key", "YWJj"},
                   {"key2-bin", ""}}));
  EXPECT_EQ(FromMetadata("key", {{"key-bin", "a!"}})[0].first, "error");
  EXPECT_EQ(FromHeaders("key", {{"key-bin", "YWJj"}}), (Pairs{{"key-bin", "YWJj"}})) << "HTTP knows no such thing";
}

TEST(HeaderForwarderTest, WhatIsNoExpressionIsAnError) {
  const auto forwarder = HeaderForwarder::Create("x(");
  ASSERT_FALSE(forwarder.ok());
  EXPECT_EQ(forwarder.error().code(), StatusCode::kInvalidArg);
  EXPECT_EQ(forwarder.error().message(), "invalid regular expression 'x(': missing ): (?i)x(");
}

}  // namespace
}  // namespace neso
