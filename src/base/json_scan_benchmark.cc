// Reading arrays of numbers beside RapidJSON: finding where they end, which bounds them, and their values.
//
//   json_scan_benchmark --benchmark_filter=.
#include <benchmark/benchmark.h>

#include <charconv>
#include <random>
#include <string>
#include <vector>

#include "base/json_elements.h"
#include "base/json_scan.h"

namespace neso {
namespace {

constexpr size_t kCount = 10'000;

enum Kind { kSingles, kDoubles, kIntegers };

// Numbers with the shortest digits that make them, as programs print them.
std::string Make(int64_t kind) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::string array = "[";
  for (size_t i = 0; i < kCount; ++i) {
    const double number = normal(random);
    char text[32];
    char* end = kind == kSingles   ? std::to_chars(text, text + 32, static_cast<float>(number)).ptr
                : kind == kDoubles ? std::to_chars(text, text + 32, number).ptr
                                   : std::to_chars(text, text + 32, static_cast<int>(number * 1000)).ptr;
    array.append(text, end);
    array += i + 1 == kCount ? "]" : ", ";
  }
  return array;
}

void CountItems(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * int64_t{kCount}); }

void BM_Scan(benchmark::State& state) {
  const std::string array = Make(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(ScanJsonElements(array)->count);
  CountItems(state);
}
BENCHMARK(BM_Scan)->DenseRange(kSingles, kIntegers);

void BM_Read(benchmark::State& state) {
  const std::string array = Make(state.range(0));
  std::vector<float> values(kCount);
  for (auto _ : state) benchmark::DoNotOptimize(ReadJsonElements<float>(array, values));
  CountItems(state);
}
BENCHMARK(BM_Read)->DenseRange(kSingles, kIntegers);

void BM_RapidJson(benchmark::State& state) {
  const std::string array = Make(state.range(0));
  std::vector<float> values(kCount);
  for (auto _ : state) {
    float* next = values.data();
    const auto take = [&next](const JsonValue& value) -> Status {
      *next++ = static_cast<float>(value.GetDouble());
      return {};
    };
    benchmark::DoNotOptimize(ForEachJsonElement(array, take).ok());
  }
  CountItems(state);
}
BENCHMARK(BM_RapidJson)->DenseRange(kSingles, kIntegers);

}  // namespace
}  // namespace neso
