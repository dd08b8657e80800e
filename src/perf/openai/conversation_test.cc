#include "perf/openai/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace neso::perf {
namespace {

using ::testing::StartsWith;

constexpr const char* kFirst =
    R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"1"}],"n":1})";
constexpr const char* kSecond = R"({"messages":[{"role":"user","content":"2"}]})";

TEST(ConversationTest, AQuestionBringsAllThatWasSaidBefore) {
  Conversation conversation;
  EXPECT_EQ(*conversation.Ask(kFirst), kFirst);
  EXPECT_TRUE(
      conversation.TakeAnswer(R"({"choices":[{"message":{"role":"assistant","content":"né","x":null}}]})").ok());
  EXPECT_EQ(*conversation.Ask(kSecond),
            R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"1"},)"
            R"({"role":"assistant","content":"né","x":null},{"role":"user","content":"2"}]})");
}

TEST(ConversationTest, EventsAreOneAnswer) {
  Conversation conversation;
  EXPECT_TRUE(conversation.Ask(kSecond).ok());
  for (const char* event :
       {R"(data: {"choices":[{"delta":{"role":"assistant","content":""}}]})",
        R"(data: {"choices":[{"delta":{"content":"a \"b\""}}]})", R"(data: {"choices":[{"delta":{"content":"\nc"}}]})",
        R"(data: {"choices":[{"delta":{},"finish_reason":"stop"}]})", R"(data: {"choices":[]})", "data: [DONE]"}) {
    conversation.TakeEvent(event);
  }
  EXPECT_TRUE(conversation.EndEvents().ok());
  EXPECT_THAT(*conversation.Ask(kSecond),
              StartsWith(R"({"messages":[{"role":"user","content":"2"},{"role":"assistant","content":"a \"b\"\nc"},)"));
}

TEST(ConversationTest, WhatSaysNothingIsAnError) {
  Conversation conversation;
  for (const char* payload : {"{}", R"({"messages":5})", R"({"prompt":"a"})"}) {
    EXPECT_THAT(conversation.Ask(payload).error().message(), StartsWith("expected \"messages\", an array")) << payload;
  }
  for (const char* answer : {"", "[]", "{}", R"({"choices":[]})", R"({"choices":[{"text":"a"}]})",
                             R"({"choices":[{"message":"a"}]})", R"({"choices":[5]})"}) {
    EXPECT_THAT(conversation.TakeAnswer(answer).message(),
                StartsWith("the session cannot go on: expected choices[0].message in the answer, got "))
        << answer;
  }
  conversation.TakeEvent("data: [DONE]");
  EXPECT_FALSE(conversation.EndEvents().ok());
}

}  // namespace
}  // namespace neso::perf
