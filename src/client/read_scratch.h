// What the connections of a thread read into, one after the other.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

namespace neso::client {

using ReadScratch = std::array<char, size_t{256} << 10>;

inline ReadScratch& ThreadReadScratch() {
  static thread_local const auto kBytes = std::make_unique<ReadScratch>();
  return *kBytes;
}

}  // namespace neso::client
