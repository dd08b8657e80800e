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

#include "base/places.h"

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
  bool TryTake() { return limit() == SIZE_MAX || places_.TryTake(limit()); }
  void Leave() {
    if (limit() != SIZE_MAX) places_.Leave();
  }

 private:
  std::atomic<size_t> limit_{SIZE_MAX};
  Places places_;
};

}  // namespace neso
