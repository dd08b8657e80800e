// A number that one thread at a time changes, under a lock of its owner, and that any thread reads without the lock.
//
//   Tally requests;
//   ++requests;                     // with the lock: a plain addition, not an atomic one
//   const uint64_t seen = requests; // without
#pragma once

#include <atomic>
#include <cstdint>

namespace neso {

class Tally {
 public:
  Tally() = default;
  Tally(const Tally&) = delete;

  Tally& operator=(const Tally&) = delete;
  Tally& operator=(uint64_t value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  Tally& operator+=(uint64_t by) { return *this = *this + by; }
  Tally& operator++() { return *this += 1; }
  operator uint64_t() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace neso
