// `neso profile`: puts prompts on a language model, and says how it streams its answers.
#pragma once

#include <string>
#include <vector>

namespace neso::perf {

inline constexpr int kProfiled = 0;
inline constexpr int kNotProfiled = 1;
inline constexpr int kProfileMisused = 2;

// `arguments`: those of the process, "profile" second. Returns the exit code.
int RunProfile(const std::vector<std::string>& arguments);

}  // namespace neso::perf
