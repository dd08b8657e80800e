// For tests: waiting for another thread, and making one wait.
#pragma once

#include <chrono>
#include <future>
#include <thread>

#include "base/inline_host.h"

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

// Blocks until told, on whatever thread runs it; once.
class BlockingWork final : public Runnable {
 public:
  explicit BlockingWork(Nanoseconds expected) : expected_(expected) {}
  void Run() override {
    started.set_value();
    release.get_future().wait();
    finished.set_value();
  }
  Nanoseconds ExpectedDuration() const override { return expected_; }

  std::promise<void> started, release, finished;

 private:
  const Nanoseconds expected_;
};

}  // namespace neso::test
