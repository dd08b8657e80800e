// What is asked of a language model: prompts of a file, or made up, and what else its inputs want.
//
//   ASSIGN_OR_RETURN(const std::vector<std::string> texts, PromptTexts(settings));
//   ASSIGN_OR_RETURN(const std::vector<Stream> streams, AskWith(texts, settings, facts, "llama"));
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "perf/input_json.h"

namespace neso::perf {

struct PromptSettings {
  std::string file = {};  // a prompt a line, or {"text": "..."}; empty: they are made up
  uint64_t count = 100;   // that are made up
  uint64_t words = 550, words_deviation = 0;
  uint64_t seed = 0;
  uint64_t max_tokens = 128;
  std::vector<std::string> extra = {};  // "NAME:VALUE"
};

// Errors: kInvalidArg for a file that has none.
Expected<std::vector<std::string>> PromptTexts(const PromptSettings& settings);

// How many words, between blanks.
size_t WordsIn(std::string_view text);

// A request for each text: its text goes to the input text_input, prompt or text, `stream` is true, and max_tokens and
// the like have their values. Inputs that may be left out and are not named are.
// Errors: kInvalidArg for a model that does not stream, has no such input, or wants one of which nobody says what.
Expected<std::vector<Stream>> AskWith(const std::vector<std::string>& texts, const PromptSettings& settings,
                                      const ModelFacts& facts, const std::string& model);

}  // namespace neso::perf
