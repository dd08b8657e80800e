#include "observe/trace_context.h"

#include <gtest/gtest.h>

#include <set>

namespace neso {
namespace {

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContextTest, ReadsTraceAndSpanOfTheCaller) {
  const auto context = ParseTraceContext(kParent, "");
  ASSERT_TRUE(context);
  EXPECT_EQ(TraceIdText(context->trace_id), kTrace);
  EXPECT_EQ(context->span_id, 0xb7ad6b7169203331);
  EXPECT_EQ(context->state, "");
}

TEST(TraceContextTest, IsReadWhateverItsFlags) {
  EXPECT_TRUE(ParseTraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", ""));
  EXPECT_TRUE(ParseTraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe", ""));
}

TEST(TraceContextTest, LaterVersionsAreReadAsTheFirst) {
  EXPECT_TRUE(ParseTraceContext("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""));
  EXPECT_TRUE(ParseTraceContext("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-is-new", ""));
}

TEST(TraceContextTest, WhatIsNotOfTheStandardsFormIsNone) {
  for (const char* text : {
           "",
           "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more",
           "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-001",
           " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
       }) {
    EXPECT_FALSE(ParseTraceContext(text, "")) << text;
  }
}

TEST(TraceContextTest, StateIsAListOfMembers) {
  const struct {
    std::string text;
    std::string state;
  } cases[] = {
      {"a=1", "a=1"},
      {"a=1,b=2", "a=1,b=2"},
      {" a=1 ,\t b=x y ,", "a=1,b=x y"},
      {"tenant@system=1,vendor/x*-_=v", "tenant@system=1,vendor/x*-_=v"},
      {",,", ""},
      {"a", ""},
      {"=1", ""},
      {"a=", ""},
      {"A=1", ""},
      {"a=1=2", ""},
      {"a=\x01", ""},
      {"a=1,b", ""},  // all or nothing
      {"a=" + std::string(256, 'x'), "a=" + std::string(256, 'x')},
      {"a=" + std::string(257, 'x'), ""},
      {std::string(513, ','), ""},
  };
  for (const auto& [text, state] : cases) {
    const auto context = ParseTraceContext(kParent, text);
    ASSERT_TRUE(context) << "the state is another header: " << text;
    EXPECT_EQ(context->state, state) << text;
  }
  std::string members;
  for (int i = 0; i < 33; ++i) members += "k=v,";
  EXPECT_EQ(ParseTraceContext(kParent, members)->state, "") << "32 members at most";
}

TEST(TraceIdentityTest, BelongsToTheCallersTrace) {
  const TraceIdentity identity = TraceIdentity::Under(ParseTraceContext(kParent, "a=1"));
  EXPECT_EQ(TraceIdText(identity.trace_id), kTrace);
  EXPECT_EQ(identity.caller_span, 0xb7ad6b7169203331);
  EXPECT_EQ(identity.state, "a=1");
}

TEST(TraceIdentityTest, WithoutACallerEachIsANewTrace) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(TraceIdText(TraceIdentity::Under(std::nullopt).trace_id));
  EXPECT_EQ(ids.size(), 100U);
}

TEST(TraceIdentityTest, SpansHaveIdsOfTheirOwnWhichStayTheSame) {
  const TraceIdentity identity = TraceIdentity::Under(std::nullopt);
  std::set<uint64_t> ids;
  for (uint64_t id = 1; id <= 50; ++id) {
    for (uint64_t part = 0; part < 4; ++part) ids.insert(identity.SpanId(id, part));
  }
  EXPECT_EQ(ids.size(), 200U);
  EXPECT_FALSE(ids.contains(0));
  EXPECT_EQ(identity.SpanId(7, 1), identity.SpanId(7, 1));
  EXPECT_NE(identity.SpanId(7, 1), TraceIdentity::Under(std::nullopt).SpanId(7, 1));
}

TEST(TraceIdentityTest, IsHandedOnAsHeaders) {
  TraceIdentity identity = TraceIdentity::Under(ParseTraceContext(kParent, ""));
  EXPECT_EQ(TraceContextJson(identity, 0x1f),
            std::string(R"({"traceparent":"00-)") + kTrace + R"(-000000000000001f-01"})");
  identity.state = "a=\"";
  EXPECT_EQ(TraceContextJson(identity, 0x1f),
            std::string(R"({"traceparent":"00-)") + kTrace + R"(-000000000000001f-01","tracestate":"a=\""})");
}

}  // namespace
}  // namespace neso
