// Times that callers name in milliseconds, which may be the longest that there are.
//
//   const TimePoint deadline = After(Now(), NanosecondsOf(options.deadline));   // milliseconds::max(): never
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/saturating.h"

namespace neso::client_library {

// Below 0: 0.
constexpr Nanoseconds NanosecondsOf(std::chrono::milliseconds time) {
  return SaturatingMilliseconds(static_cast<uint64_t>(std::max<int64_t>(time.count(), 0)));
}

}  // namespace neso::client_library
