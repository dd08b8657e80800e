// Printing doubles beside RapidJSON, whose text ours is, and std::to_chars, whose digits are the shortest. The first
// benchmark is a check, of as many numbers as it is given time for: it fails at the first that is printed differently.
//
//   json_double_benchmark --benchmark_filter=Same --benchmark_min_time=60
#include <benchmark/benchmark.h>
#include <rapidjson/internal/dtoa.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "base/json_double.h"

namespace neso {
namespace {

using Write = char* (*)(double value, char* out);

char* RapidJson(double value, char* out) { return rapidjson::internal::dtoa(value, out); }
char* Shortest(double value, char* out) { return std::to_chars(out, out + kMaxJsonDouble, value).ptr; }

bool SameText(double value) {
  char ours[kMaxJsonDouble];
  char theirs[32];
  return std::string_view(ours, WriteJsonDouble(value, ours)) == std::string_view(theirs, RapidJson(value, theirs));
}

void BM_SameText(benchmark::State& state) {
  std::mt19937_64 random(std::random_device{}());
  for (auto _ : state) {
    const uint64_t bits = random();
    const auto any = std::bit_cast<double>(bits);
    const double single = std::bit_cast<float>(static_cast<uint32_t>(bits));
    if ((std::isfinite(any) && !SameText(any)) || (std::isfinite(single) && !SameText(single))) {
      return state.SkipWithError(("printed differently: " + std::to_string(bits)).c_str());
    }
  }
}
BENCHMARK(BM_SameText);

enum Numbers { kSingles, kDoubles, kShort, kWhole };

std::vector<double> Make(int64_t kind) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<double> numbers(10'000);
  for (double& number : numbers) {
    number = normal(random);
    if (kind == kSingles) number = static_cast<float>(number);
    if (kind == kShort) number = std::round(number * 1000) / 1000;
    if (kind == kWhole) number = std::round(number * 1000);
  }
  return numbers;
}

void Print(benchmark::State& state, Write write) {
  const std::vector<double> numbers = Make(state.range(0));
  char text[kMaxJsonDouble];
  for (auto _ : state) {
    for (const double number : numbers) benchmark::DoNotOptimize(write(number, text));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(numbers.size()));
}
BENCHMARK_CAPTURE(Print, ours, WriteJsonDouble)->DenseRange(kSingles, kWhole);
BENCHMARK_CAPTURE(Print, rapidjson, RapidJson)->DenseRange(kSingles, kWhole);
BENCHMARK_CAPTURE(Print, shortest, Shortest)->DenseRange(kSingles, kWhole);

}  // namespace
}  // namespace neso
