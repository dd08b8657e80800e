// How many inference requests may be under way in the server at a time, whoever sends them.
//
//   if (!RequestPlaces::OfProcess().TryTake()) return Unavailable("{}", RequestPlaces::OfProcess().RefusalText());
//   ...
//   RequestPlaces::OfProcess().Leave();
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace neso {

// Thread-safe. Without a limit it costs a look at a number that never changes.
class RequestPlaces {
 public:
  static RequestPlaces& OfProcess() {
    static RequestPlaces places;
    return places;
  }

  // Before the first request, and not again; SIZE_MAX: any number.
  void SetLimit(size_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  std::string RefusalText() const {
    return fmt::format("{} requests are under way, as many as the server takes (--max-requests); try again later",
                       limit());
  }

  // False: there is no place. True: to be left, unless there is no limit.
  bool TryTake() {
    if (limit() == SIZE_MAX) return true;
    if (taken_.fetch_add(1, std::memory_order_relaxed) < limit()) return true;
    Leave();
    return false;
  }
  void Leave() {
    if (limit() != SIZE_MAX) taken_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::atomic<size_t> limit_{SIZE_MAX};
  std::atomic<size_t> taken_{0};
};

}  // namespace neso
