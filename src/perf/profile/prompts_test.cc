#include "perf/profile/prompts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "client/text_elements.h"

namespace neso::perf {
namespace {

ModelFacts LanguageModel() {
  return {.is_decoupled = true,
          .inputs = {{.name = "text_input", .datatype = "BYTES", .shape = {1}},
                     {.name = "max_tokens", .datatype = "INT32", .shape = {-1}},
                     {.name = "stream", .datatype = "BOOL", .shape = {1}, .is_optional = true},
                     {.name = "temperature", .datatype = "FP32", .shape = {1}, .is_optional = true}},
          .outputs = {},
          .composing = {}};
}

TEST(PromptsTest, ModelsGetWhatTheyWant) {
  const PromptSettings settings{.max_tokens = 7};
  const auto streams = AskWith({"first one", "second"}, settings, LanguageModel(), "m");
  ASSERT_TRUE(streams.ok()) << streams.error().message();
  const Stream& stream = streams->front();
  ASSERT_EQ(stream.size(), 2u);
  ASSERT_EQ(stream[1].inputs.size(), 3u) << "what may be left out is";
  EXPECT_EQ(stream[1].inputs[0].name, "max_tokens");
  EXPECT_EQ(stream[1].inputs[0].shape, std::vector<int64_t>{1});
  EXPECT_EQ(stream[1].inputs[0].bytes, std::string("\7\0\0\0", 4));
  EXPECT_EQ(stream[1].inputs[1].bytes, "\1");
  EXPECT_EQ(client::TextsIn(stream[1].inputs[2].bytes)->at(0), "second");
}

TEST(PromptsTest, OtherInputsAreNamed) {
  PromptSettings settings{.extra = {"temperature:0.5"}};
  const auto streams = AskWith({"a"}, settings, LanguageModel(), "m");
  ASSERT_TRUE(streams.ok()) << streams.error().message();
  float temperature = 0;
  std::memcpy(&temperature, streams->front()[0].inputs[2].bytes.data(), sizeof(temperature));
  EXPECT_EQ(temperature, 0.5F);
  for (const char* const wrong : {"temperature", ":1", "heat:1", "temperature:warm"}) {
    settings.extra = {wrong};
    EXPECT_FALSE(AskWith({"a"}, settings, LanguageModel(), "m").ok()) << wrong;
  }
}

TEST(PromptsTest, WhatIsNoLanguageModelIsSaid) {
  ModelFacts facts = LanguageModel();
  facts.inputs.push_back({.name = "adapter", .datatype = "BYTES", .shape = {1}});
  EXPECT_EQ(AskWith({"a"}, {}, facts, "m").error().message(),
            "model 'm': nobody says what its input 'adapter' is to be: --extra-inputs adapter:VALUE does");
  facts = LanguageModel();
  facts.inputs[0].datatype = "FP32";
  EXPECT_EQ(AskWith({"a"}, {}, facts, "m").error().message(),
            "model 'm' has no prompt: expected an input of BYTES called text_input, prompt, text");
  facts.is_decoupled = false;
  EXPECT_TRUE(AskWith({"a"}, {}, facts, "m").error().message().find("neso perf -m m measures") != std::string::npos);
}

TEST(PromptsTest, MadeUpPromptsAreTheSameInEachRun) {
  const PromptSettings settings{.count = 3, .words = 20};
  const auto texts = PromptTexts(settings);
  ASSERT_EQ(texts->size(), 3u);
  EXPECT_EQ(WordsIn(texts->at(0)), 20u);
  EXPECT_NE(texts->at(0), texts->at(1));
  EXPECT_EQ(*PromptTexts(settings), *texts);
  const auto varied = PromptTexts({.count = 50, .words = 20, .words_deviation = 5});
  EXPECT_NE(WordsIn(varied->at(0)), WordsIn(varied->at(1)));
}

TEST(PromptsTest, WordsAreBetweenBlanks) {
  EXPECT_EQ(WordsIn(""), 0u);
  EXPECT_EQ(WordsIn("  one\ttwo\n three "), 3u);
}

}  // namespace
}  // namespace neso::perf
