// Where what commands have to say goes.
#pragma once

#include <cstdio>
#include <string>

#include "base/terminal_text.h"
#include "perf/options.h"

namespace neso::perf {

inline void SayJson(const std::string& line) {
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

// For people. What servers tell is among it, as names of models: what a terminal would obey is left out.
inline void Say(const std::string& text) { SayJson(WithoutControls(text)); }

// What people read while it is measured. With --json stdout has nothing but that.
inline void Tell(const Options& options, const std::string& text) {
  if (!options.json) Say(text);
}

// Likewise.
inline void Complain(const std::string& line) { std::fprintf(stderr, "%s\n", WithoutControls(line).c_str()); }

}  // namespace neso::perf
