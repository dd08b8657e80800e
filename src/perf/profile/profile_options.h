// The command line of `neso profile`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "perf/options.h"
#include "perf/profile/prompts.h"

namespace neso::perf {

struct ProfileOptions {
  PromptSettings prompts;
  Options load;  // as `neso perf` puts it: over a stream of gRPC
  bool json = false;
};

// `arguments` follow "profile". None: help was asked for, and printed. Errors: kInvalidArg with what was expected.
Expected<std::optional<ProfileOptions>> ParseProfileOptions(const std::vector<std::string>& arguments);

// For man pages and completion.
PerfOutline OutlineOfProfile();

}  // namespace neso::perf
