// What the tests of the command line share: parsing with made-up environment variables, and reading a refusal.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "server/option_help.h"
#include "server/options.h"

namespace neso {

using Variables = std::map<std::string, std::string>;

inline ParseResult ParseAs(const char* program, std::vector<std::string> arguments, const Variables& variables = {}) {
  arguments.insert(arguments.begin(), program);
  return ParseOptions(std::move(arguments), [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

inline ParseResult Parse(std::vector<std::string> arguments, const Variables& variables = {}) {
  return ParseAs("tritonserver", std::move(arguments), variables);
}

inline Options Accept(std::vector<std::string> arguments, const Variables& variables = {}) {
  ParseResult result = Parse(std::move(arguments), variables);
  EXPECT_TRUE(result.options.has_value()) << result.failure_text.substr(result.failure_text.rfind("\n\n") + 1);
  return result.options.value_or(Options());
}

// What stands behind the usage text.
inline std::string Refusal(std::vector<std::string> arguments, const Variables& variables = {}) {
  const ParseResult result = Parse(std::move(arguments), variables);
  if (result.options) return "accepted";
  const std::string usage = UsageText(Program::kTritonserver);
  EXPECT_THAT(result.failure_text, ::testing::StartsWith(usage));
  return result.failure_text.substr(usage.size());
}

inline std::string Bad(const std::string& option, const std::string& reason) {
  return "\nBad option: \"--" + option + "\".\n" + reason + "\n";
}

}  // namespace neso
