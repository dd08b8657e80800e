// What a body of POST .../infer costs until it is a request: time and allocations, with a tensor that lies behind the
// JSON and with tensors that are JSON.
//
//   infer_request_benchmark --benchmark_filter=.
#include "frontend/http/infer_request.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "base/allocation_counter.h"
#include "core/test_support.h"

namespace neso {
namespace {

constexpr char kModel[] = R"(name: "m" input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 }
                             output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 })";

void Fill(benchmark::State& state, const std::string& bytes, std::optional<size_t> header_length) {
  const auto model = test::MakeModel(kModel);
  const InferBody body{.bytes = bytes, .header_length = header_length};
  const SharedMemoryManager regions({});
  const AllocationCounter allocations;
  for (auto _ : state) {
    const std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);
    RequestTensors tensors(regions);
    const Expected<RequestedOutputs> outputs = FillInferRequest(*model, body, 64u << 20, *request, tensors);
    if (!outputs) return state.SkipWithError(std::string(outputs.error().message()).c_str());
  }
  allocations.Report(state, state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}

std::string Head(int64_t count, std::string_view rest) {
  return fmt::format(R"({{"inputs":[{{"name":"INPUT0","datatype":"FP32","shape":[{}],{}}}]}})", count, rest);
}

void BM_Binary(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0)) * sizeof(float);
  const std::string head = Head(state.range(0), fmt::format(R"("parameters":{{"binary_data_size":{}}})", size));
  Fill(state, head + std::string(size, 'x'), head.size());
}
BENCHMARK(BM_Binary)->Arg(16)->Arg(150'528);

// The second argument: how many numbers stand in an array of their own; 0 is flat.
void BM_Json(benchmark::State& state) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform;
  std::string data = "\"data\":[";
  for (int64_t i = 0; i < state.range(0); ++i) {
    const bool nested = state.range(1) != 0;
    if (i != 0) data += nested && i % state.range(1) == 0 ? "], [" : ", ";
    if (i == 0 && nested) data += '[';
    data += fmt::format("{}", uniform(random));
  }
  Fill(state, Head(state.range(0), data + (state.range(1) != 0 ? "]]" : "]")), {});
}
BENCHMARK(BM_Json)->Args({16, 0})->Args({256, 0})->Args({15'052, 0})->Args({15'052, 53});

}  // namespace
}  // namespace neso
