// Counts the bytes of one connection, and tells its server now and then: connections do not fight for one counter.
//
//   TrafficMeter received(load.received_bytes);
//   received.Add(512);    // the server hears of it when 16 KiB have come together, or the connection ends
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace neso::net {

// Confined to the connection's strand.
class TrafficMeter {
 public:
  explicit TrafficMeter(std::atomic<uint64_t>& total) : total_(total) {}
  ~TrafficMeter() { Tell(); }
  TrafficMeter(const TrafficMeter&) = delete;
  TrafficMeter& operator=(const TrafficMeter&) = delete;

  void Add(size_t bytes) {
    untold_ += bytes;
    if (untold_ >= kShare) Tell();
  }

 private:
  static constexpr uint64_t kShare = 16 * 1024;

  void Tell() { total_.fetch_add(std::exchange(untold_, 0), std::memory_order_relaxed); }

  std::atomic<uint64_t>& total_;
  uint64_t untold_ = 0;
};

}  // namespace neso::net
