// Tells clients apart by one of a fixed number of places, so that made-up names take no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace neso {

// Constant. Two clients may share a place; which ones, nobody outside can know. Source: McKenney, "Stochastic Fairness
// Queueing" (1990).
class ClientPlaces {
 public:
  static constexpr size_t kCount = 1024;

  ClientPlaces();  // with a seed of its own
  explicit ClientPlaces(uint64_t seed) : seed_(seed) {}
  size_t PlaceOf(std::string_view client) const;

 private:
  const uint64_t seed_;
};

}  // namespace neso
