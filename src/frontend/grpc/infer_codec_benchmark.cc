// What a ModelInferRequest costs from its bytes to a request: time and allocations; the generated parser beside it.
//
//   infer_codec_benchmark --benchmark_filter=.
#include "frontend/grpc/infer_codec.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/allocation_counter.h"
#include "core/test_support.h"
#include "frontend/grpc/grpc_service.pb.h"
#include "frontend/grpc/infer_request.h"

namespace neso {
namespace {

constexpr char kModel[] = R"(name: "m" input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 }
                             output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 })";

// With its tensor raw, or as typed contents.
std::string Message(int64_t count, bool raw) {
  inference::ModelInferRequest request;
  request.set_model_name("m");
  auto* const input = request.add_inputs();
  input->set_name("INPUT0");
  input->set_datatype("FP32");
  input->add_shape(count);
  const std::vector<float> values(static_cast<size_t>(count), 0.1F);
  if (raw) {
    request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  } else {
    input->mutable_contents()->mutable_fp32_contents()->Add(values.begin(), values.end());
  }
  return request.SerializeAsString();
}

void Finish(benchmark::State& state, const AllocationCounter& allocations, const std::string& message) {
  allocations.Report(state, state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(message.size()));
}

void BM_Request(benchmark::State& state, bool raw) {
  const auto model = test::MakeModel(kModel);
  const std::string message = Message(state.range(0), raw);
  const SharedMemoryManager regions({});
  const AllocationCounter allocations;
  for (auto _ : state) {
    WireInferRequest wire;
    const std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);
    RequestTensors tensors(regions);
    if (!ParseInferRequest(message, wire) || !FillFromWire(wire, *request, tensors).ok()) {
      return state.SkipWithError("not read");
    }
  }
  Finish(state, allocations, message);
}
BENCHMARK_CAPTURE(BM_Request, raw, true)->Arg(16)->Arg(15'052);
BENCHMARK_CAPTURE(BM_Request, contents, false)->Arg(16)->Arg(15'052);

void BM_GeneratedParser(benchmark::State& state) {
  const std::string message = Message(state.range(0), true);
  const AllocationCounter allocations;
  for (auto _ : state) {
    inference::ModelInferRequest request;
    if (!request.ParseFromString(message)) return state.SkipWithError("not read");
  }
  Finish(state, allocations, message);
}
BENCHMARK(BM_GeneratedParser)->Arg(16)->Arg(15'052);

}  // namespace
}  // namespace neso
