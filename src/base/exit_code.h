// What the commands of `neso` end with. `neso perf` has perf_analyzer's, and a server Triton's.
#pragma once

#include "base/status.h"

namespace neso {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;   // what was asked for was refused, or answered with no
inline constexpr int kMisused = 2;  // the command line cannot be meant

// Of what reads a command line and does what it says.
inline int ExitCodeOf(const Status& status) {
  if (status.ok()) return kDone;
  return status.code() == StatusCode::kInvalidArg ? kMisused : kFailed;
}

}  // namespace neso
