// Counts a benchmark's allocations, those of the whole program. Only for the one file of such a program: it defines the
// global operators.
//
//   const AllocationCounter counter;
//   for (auto _ : state) ...
//   counter.Report(state, state.iterations());
#pragma once

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace neso {

class AllocationCounter {
 public:
  AllocationCounter() : before_(total.load(std::memory_order_relaxed)) {}

  // Those since this was made, as the benchmark's counter "allocations", of each of so many.
  void Report(benchmark::State& state, int64_t count) const {
    state.counters["allocations"] =
        static_cast<double>(total.load(std::memory_order_relaxed) - before_) / static_cast<double>(count);
  }

  static inline std::atomic<uint64_t> total{0};

 private:
  const uint64_t before_;
};

}  // namespace neso

[[gnu::noinline]] void* operator new(size_t size) {
  neso::AllocationCounter::total.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
