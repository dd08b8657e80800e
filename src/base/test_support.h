// For tests: what has to wait for another thread without being told.
#pragma once

#include <chrono>
#include <thread>

namespace neso::test {

// Waits until `condition` holds. False when that takes more than a minute, which is not slowness.
template <typename Condition>
[[nodiscard]] bool Eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace neso::test
