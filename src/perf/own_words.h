// The command lines of `neso profile` and `neso tune`: options of their own, and behind "--" some of `neso perf`.
//
//   TuneWords words;
//   const std::unique_ptr<CLI::App> app = TuneApp(words);
//   ASSIGN_OR_RETURN(const std::optional<std::vector<std::string>> behind, ReadOwnWords(*app, arguments));
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/perf_entry.h"
#include "base/status.h"

namespace neso::perf {

// A number from `least` to `most`; what it is called in the help is the option's own.
template <typename Number>
CLI::Validator Within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}
// A number above 0, likewise.
CLI::Validator AboveZero();

// Reads what stands before "--" into what `app` was told, and returns what stands behind it. None: help was asked for,
// and printed. Error: kInvalidArg with what was expected.
Expected<std::optional<std::vector<std::string>>> ReadOwnWords(CLI::App& app, const std::vector<std::string>& words);

// What `app` was told.
PerfOutline OutlineOf(const CLI::App& app);

}  // namespace neso::perf
