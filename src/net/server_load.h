// What one service does for its clients, for metrics: what is open at the moment, and what has been since the start.
// Thread-safe, without locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace neso::net {

// How many answers had which status: HTTP's, or gRPC's code.
class AnswerCounts {
 public:
  static constexpr unsigned kStatuses = 600;

  // One beyond the last is counted as 0.
  void Count(unsigned status) { counts_[status < kStatuses ? status : 0].fetch_add(1, std::memory_order_relaxed); }
  uint64_t Of(unsigned status) const { return counts_[status].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<uint64_t>, kStatuses> counts_{};
};

struct ServerLoad {
  std::atomic<size_t> connections{0};
  // Requests and calls, from their heads until nothing of them is kept any more. One that never leaves is a leak.
  std::atomic<size_t> requests{0};

  std::atomic<uint64_t> accepted_connections{0}, refused_connections{0};
  // On the wire, with TLS's own. Connections tell of theirs from time to time (net/traffic_meter.h).
  std::atomic<uint64_t> received_bytes{0}, sent_bytes{0};
  AnswerCounts answers;
};

}  // namespace neso::net
