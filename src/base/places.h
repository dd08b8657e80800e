// How many may be at something at a time.
//
//   if (!places.TryTake(limit)) return Unavailable(...);
//   ...
//   places.Leave();
#pragma once

#include <atomic>
#include <cstddef>

namespace neso {

// Thread-safe. Who is refused takes no place, not even for a moment, so nobody else is refused on its account.
class Places {
 public:
  // False: `most` are taken.
  bool TryTake(size_t most) {
    size_t taken = taken_.load(std::memory_order_relaxed);
    while (taken < most) {
      if (taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void Leave() { taken_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<size_t> taken_{0};
};

}  // namespace neso
