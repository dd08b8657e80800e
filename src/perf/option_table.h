// The options of `neso perf`: perf_analyzer's, and those that all commands have that ask a server.
#pragma once

#include <span>
#include <string_view>

#include "perf/options.h"

namespace neso::perf {

struct OptionRow {
  const char* name;   // empty: it has a letter only
  char letter;        // 0: none
  const char* value;  // what to call it; null: it has none
  const char* help;
  // Error: kInvalidArg with what was expected.
  Status (*take)(std::string_view value, Options& options);
};

// As help lists them.
std::span<const OptionRow> OptionTable();

}  // namespace neso::perf
