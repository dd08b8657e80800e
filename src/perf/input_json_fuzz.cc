// Whatever the input data file says, it is read or refused; what is read has as many bytes as its shape says.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "perf/input_json.h"
#include "perf/json_tensor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  neso::perf::ModelFacts facts;
  facts.inputs = {{"x", "FP32", {2}}, {"n", "INT8", {-1}, true}, {"t", "BYTES", {2}, true}, {"b", "BOOL", {1}, true}};
  facts.outputs = {{"y", "INT64", {1}}};
  std::vector<neso::perf::Stream> streams;
  const neso::Status read = neso::perf::ReadInputJson({reinterpret_cast<const char*>(data), size}, facts, streams);
  CHECK(read.ok() == !streams.empty(), "nothing is left behind by what is refused");
  for (const neso::perf::Stream& stream : streams) {
    CHECK(!stream.empty(), "a stream has a step");
    for (const neso::perf::TensorSet& step : stream) {
      for (const neso::perf::Tensor& tensor : step.inputs) {
        CHECK(neso::perf::CheckSize(tensor).ok(), "it has the size that its shape says");
        CHECK(neso::perf::JsonElementsText(tensor).ok(), "it can be written again");
      }
    }
  }
  return 0;
}
