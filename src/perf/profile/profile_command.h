// `neso profile`: puts prompts on a language model, and says how it streams its answers.
#pragma once

#include <string>
#include <vector>

namespace neso::perf {

// `arguments`: those of the process, "profile" second. Returns the exit code.
int RunProfile(const std::vector<std::string>& arguments);

}  // namespace neso::perf
