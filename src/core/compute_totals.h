// What the executions of a request's parts come to: an ensemble's time in its steps.
#pragma once

#include <atomic>
#include <cstdint>

namespace neso {

// Thread-safe.
class ComputeTotals {
 public:
  void Add(uint64_t input_ns, uint64_t infer_ns, uint64_t output_ns) {
    input_ns_.fetch_add(input_ns, std::memory_order_relaxed);
    infer_ns_.fetch_add(infer_ns, std::memory_order_relaxed);
    output_ns_.fetch_add(output_ns, std::memory_order_relaxed);
  }
  uint64_t input_ns() const { return input_ns_.load(std::memory_order_relaxed); }
  uint64_t infer_ns() const { return infer_ns_.load(std::memory_order_relaxed); }
  uint64_t output_ns() const { return output_ns_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> input_ns_{0}, infer_ns_{0}, output_ns_{0};
};

}  // namespace neso
