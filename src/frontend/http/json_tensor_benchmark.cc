// Tensors printed as JSON, by datatype: 10,000 elements each, time and allocations.
//
//   json_tensor_benchmark --benchmark_filter=.
#include "frontend/http/json_tensor.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/allocation_counter.h"

namespace neso {
namespace {

constexpr size_t kCount = 10'000;

void Append(benchmark::State& state, DataType datatype, const void* base, size_t byte_size) {
  const AllocationCounter allocations;
  size_t size = 0;
  for (auto _ : state) {
    std::string json;
    if (!AppendJsonTensor(json, datatype, base, byte_size).ok()) return state.SkipWithError("not printed");
    size = json.size();
  }
  allocations.Report(state, state.iterations());
  state.SetItemsProcessed(state.iterations() * int64_t{kCount});
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(size));
}

template <typename T>
void BM_Numbers(benchmark::State& state, DataType datatype, T /*of this type*/) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::vector<T> values(kCount);
  for (T& value : values) value = static_cast<T>(normal(random) * (std::is_integral_v<T> ? 1000 : 1));
  Append(state, datatype, values.data(), values.size() * sizeof(T));
}
BENCHMARK_CAPTURE(BM_Numbers, FP32, DataType::kFp32, float());
BENCHMARK_CAPTURE(BM_Numbers, FP64, DataType::kFp64, double());
BENCHMARK_CAPTURE(BM_Numbers, INT32, DataType::kInt32, int32_t());

void BM_Strings(benchmark::State& state) {
  const std::string text(static_cast<size_t>(state.range(0)), 'x');
  const auto length = static_cast<uint32_t>(text.size());
  std::string tensor;
  for (size_t i = 0; i < kCount; ++i) {
    tensor.append(reinterpret_cast<const char*>(&length), sizeof(length));
    tensor += text;
  }
  Append(state, DataType::kBytes, tensor.data(), tensor.size());
}
BENCHMARK(BM_Strings)->Arg(8)->Arg(200);

}  // namespace
}  // namespace neso
