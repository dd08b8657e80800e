// The infer codec under arbitrary bodies: first byte picks how the JSON's length is given, the rest is the body.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/model.h"
#include "frontend/http/infer_request.h"
#include "frontend/shared_memory/fuzz_support.h"

namespace {

std::shared_ptr<neso::Model> MakeModel() {
  inference::ModelConfig config;
  config.set_name("fuzzed");
  config.set_max_batch_size(8);
  const inference::DataType types[] = {inference::TYPE_FP32, inference::TYPE_STRING, inference::TYPE_BOOL,
                                       inference::TYPE_INT64};
  for (int i = 0; i < 4; ++i) {
    auto* input = config.add_input();
    input->set_name("INPUT" + std::to_string(i));
    input->set_data_type(types[i]);
    input->add_dims(-1);
    input->set_optional(i != 0);
  }
  auto* output = config.add_output();
  output->set_name("OUTPUT0");
  output->set_data_type(inference::TYPE_FP32);
  output->add_dims(-1);
  return std::make_shared<neso::Model>(config, 1, std::map<std::string, std::vector<std::string>>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<neso::Model> model = MakeModel();
  if (size == 0) return 0;
  neso::InferBody body;
  body.bytes = {reinterpret_cast<const char*>(data) + 1, size - 1};
  if (data[0] < 128) {
    body.header_length = std::min<size_t>(data[0] * 4u, body.bytes.size());
  } else if (data[0] < 192) {
    // As clients send it: the JSON ends at its last brace.
    const size_t brace = body.bytes.rfind('}');
    body.header_length = brace == std::string_view::npos ? 0 : brace + 1;
  }
  auto request = neso::InferenceRequest::Create(model, -1);
  neso::RequestedOutputs outputs;
  std::vector<neso::BufferRef> storage;
  neso::SharedTensors shared(neso::FuzzRegions());
  if (neso::FillInferRequest(*model, body, 1 << 16, *request, outputs, storage, shared).ok())
    neso::TouchInputs(*request);
  return 0;
}
