// What a request costs from Submit to its release, with a model that does nothing: time, and allocations of the heap.
//
//   ninja scheduler_benchmark && src/schedule/scheduler_benchmark
#include <benchmark/benchmark.h>

#include <atomic>

#include "base/allocation_counter.h"
#include "schedule/test_support.h"

namespace neso {
namespace {

using test::ManualHost;
using test::ScheduledModel;

constexpr const char* kModel = R"(name: "m" max_batch_size: 64 input { name: "INPUT0" data_type: TYPE_INT8 dims: 64 }
                                  output { name: "OUTPUT0" data_type: TYPE_INT8 dims: 64 } )";
char input_data[64];
char output_data[64];

TRITONSERVER_Error* Alloc(TRITONSERVER_ResponseAllocator*, const char*, size_t, TRITONSERVER_MemoryType, int64_t, void*,
                          void** buffer, void**, TRITONSERVER_MemoryType* type, int64_t* id) {
  *buffer = output_data;
  *type = TRITONSERVER_MEMORY_CPU;
  *id = 0;
  return nullptr;
}
TRITONSERVER_Error* Free(TRITONSERVER_ResponseAllocator*, void*, void*, size_t, TRITONSERVER_MemoryType, int64_t) {
  return nullptr;
}
void OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t, void*) {
  delete static_cast<InferenceResponse*>(response);
}
void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t, void* released) {
  delete static_cast<InferenceRequest*>(request);
  static_cast<std::atomic<int64_t>*>(released)->fetch_add(1, std::memory_order_release);
}

void Answer(std::span<InferenceRequest* const> requests) {
  constexpr int64_t kShape[] = {1, 64};
  for (InferenceRequest* request : requests) {
    const auto& factory = request->shared_response_factory();
    auto response = factory->CreateResponse(factory);
    Output* const output = *response->AddOutput("OUTPUT0", DataType::kInt8, kShape);
    void* buffer = nullptr;
    MemoryType type;
    int64_t id;
    benchmark::DoNotOptimize(output->AllocateBuffer(&buffer, 64, MemoryType::kCpu, 0, &type, &id));
    InferenceResponse::Send(std::move(response), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
    InferenceRequest::Release(std::unique_ptr<InferenceRequest>(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  }
}

struct Bench {
  explicit Bench(const std::string& scheduling) : model(house.Load(kModel + scheduling, {&Answer})) {}
  void Submit(uint64_t sequence = 0, uint32_t flags = 0) {
    constexpr int64_t kShape[] = {1, 64};
    auto request = InferenceRequest::Create(model, -1);
    request->SetCorrelationId(CorrelationId(sequence));
    request->SetFlags(flags);
    BufferAttributes attributes;
    attributes.byte_size = sizeof(input_data);
    (void)request->AddInput("INPUT0", DataType::kInt8, kShape);
    (void)request->AppendInputData("INPUT0", input_data, attributes);
    request->SetReleaseCallback(&OnRelease, &released);
    request->SetResponseCallback(&allocator, nullptr, &OnResponse, nullptr);
    (void)InferenceRequest::Submit(request);
  }
  test::ModelHouse house;
  std::atomic<int64_t> released{0};
  ResponseAllocator allocator{&Alloc, &Free, nullptr};
  std::shared_ptr<ScheduledModel> model;
};

void Report(benchmark::State& state, const AllocationCounter& allocations, int64_t requests) {
  state.SetItemsProcessed(requests);
  allocations.Report(state, requests);
}

// Bursts of range(0) requests on a front-end thread that executes them itself.
void BM_Inline(benchmark::State& state, const char* scheduling) {
  Bench bench(scheduling);
  ManualHost host;
  const auto burst = [&] {
    for (int64_t i = 0; i < state.range(0); ++i) bench.Submit();
    host.RunDeferred();
  };
  burst();
  const AllocationCounter allocations;
  for (auto _ : state) burst();
  Report(state, allocations, state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_Inline, direct, "")->Arg(1)->Arg(16);
BENCHMARK_CAPTURE(BM_Inline, dynamic, "dynamic_batching { }")->Arg(1)->Arg(16);
BENCHMARK_CAPTURE(BM_Inline, ordered, "dynamic_batching { preserve_ordering: true }")->Arg(1)->Arg(16);

// Bursts of one request each of range(0) sequences that go on for ever.
void BM_Sequences(benchmark::State& state, const std::string& strategy) {
  Bench bench("sequence_batching { max_sequence_idle_microseconds: 60000000 " + strategy + R"(
      control_input { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
      control_input { name: "READY" control { kind: CONTROL_SEQUENCE_READY int32_false_true: [ 0, 1 ] } }
      control_input { name: "ID" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } } })");
  ManualHost host;
  const auto burst = [&](uint32_t flags) {
    for (int64_t i = 1; i <= state.range(0); ++i) bench.Submit(static_cast<uint64_t>(i), flags);
    host.RunDeferred();
  };
  burst(TRITONSERVER_REQUEST_FLAG_SEQUENCE_START);
  burst(0);
  const AllocationCounter allocations;
  for (auto _ : state) burst(0);
  Report(state, allocations, state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_Sequences, direct, "direct { }")->Arg(1)->Arg(16);
BENCHMARK_CAPTURE(BM_Sequences, oldest, "oldest { max_candidate_sequences: 64 }")->Arg(1)->Arg(16);

// 16 requests at a time from a thread that is no front end's: an executor's thread runs them.
void BM_Executor(benchmark::State& state) {
  Bench bench("dynamic_batching { }");
  int64_t sent = 0;
  const AllocationCounter allocations;
  for (auto _ : state) {
    for (int i = 0; i < 16; ++i, ++sent) bench.Submit();
    while (bench.released.load(std::memory_order_acquire) < sent) {
    }
  }
  Report(state, allocations, sent);
}
BENCHMARK(BM_Executor)->UseRealTime();

}  // namespace
}  // namespace neso
