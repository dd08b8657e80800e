// Waits for something that nobody announces.
//
//   if (!PollUntil([&] { return !IsInUse(name); }, {.limit = 350s, .interval = 500ms})) return ...;
#pragma once

#include <chrono>
#include <functional>

namespace neso {

struct PollLimits {
  std::chrono::milliseconds limit;
  std::chrono::milliseconds interval;  // at first it is looked sooner
};

// Returns when `is_done` is true, or when the limit has passed: then what it is at last. Asks at least once.
bool PollUntil(const std::function<bool()>& is_done, PollLimits limits);

}  // namespace neso
