// A stack for signal handlers, so that a thread whose own stack has overflowed can still tell of its crash.
//
//   const AlternateStack stack;   // first of all on a new thread
#pragma once

#include <signal.h>

#include <array>
#include <cstddef>

namespace neso {

// Lies at the far end of the thread's own stack, away from where that overflows: pages that no handler touches take no
// memory. Confined to the thread that makes it, and gives back the one from before.
class AlternateStack {
 public:
  AlternateStack() {
    const stack_t own{.ss_sp = memory_.data(), .ss_flags = 0, .ss_size = memory_.size()};
    sigaltstack(&own, &before_);
  }
  ~AlternateStack() { sigaltstack(&before_, nullptr); }
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

 private:
  // The registers that the kernel saves take up to 12 KiB, unwinding half of that.
  alignas(64) std::array<std::byte, 48 * 1024> memory_;
  stack_t before_{};
};

}  // namespace neso
