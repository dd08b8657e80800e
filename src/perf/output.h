// Where what commands have to say goes.
#pragma once

#include <cstdio>
#include <string>

namespace neso::perf {

inline void Say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

inline void Complain(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

}  // namespace neso::perf
