// What the clients of one service have open at the moment. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>

namespace neso::net {

struct ServerLoad {
  std::atomic<size_t> connections{0};
  // Requests and calls, from their heads until nothing of them is kept any more. One that never leaves is a leak.
  std::atomic<size_t> requests{0};
};

}  // namespace neso::net
