#include "schedule/client_places.h"

#include <random>

namespace neso {

ClientPlaces::ClientPlaces() : ClientPlaces((uint64_t{std::random_device{}()} << 32) | std::random_device{}()) {}

// FNV-1a that begins with the seed, mixed at the end.
size_t ClientPlaces::PlaceOf(std::string_view client) const {
  uint64_t hash = seed_;
  for (const char c : client) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15;
  return static_cast<size_t>(hash >> 32) % kCount;
}

}  // namespace neso
