// What is said besides base/say.h.
#pragma once

#include <cstdio>
#include <string>

#include "base/say.h"
#include "base/terminal_text.h"
#include "perf/options.h"

namespace neso::perf {

// What people read while it is measured. With --json stdout has nothing but that.
inline void Tell(const Options& options, const std::string& text) {
  if (!options.json) Say(text);
}

// To stderr. What servers tell is among it, as names of models: what a terminal would obey is left out.
inline void Complain(const std::string& line) { std::fprintf(stderr, "%s\n", WithoutControls(line).c_str()); }

}  // namespace neso::perf
