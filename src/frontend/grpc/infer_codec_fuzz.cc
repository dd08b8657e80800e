// The ModelInferRequest codec under arbitrary messages, held equal to the generated parser.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "core/model.h"
#include "frontend/grpc/infer_codec_compare.h"
#include "frontend/grpc/infer_request.h"
#include "frontend/shared_memory/fuzz_support.h"

namespace {

std::shared_ptr<neso::Model> MakeModel() {
  inference::ModelConfig config;
  config.set_name("fuzzed");
  auto* input = config.add_input();
  input->set_name("INPUT0");
  input->set_data_type(inference::TYPE_FP32);
  input->add_dims(-1);
  auto* output = config.add_output();
  output->set_name("OUTPUT0");
  output->set_data_type(inference::TYPE_FP32);
  output->add_dims(-1);
  return std::make_shared<neso::Model>(config, 1, std::map<std::string, std::vector<std::string>>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<neso::Model> model = MakeModel();
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  if (const std::string difference = neso::CompareWithGenerated(message); !difference.empty()) {
    std::fprintf(stderr, "not as the generated parser: %s\n", difference.c_str());
    std::abort();
  }
  neso::WireInferRequest wire;
  if (!neso::ParseInferRequest(message, wire)) return 0;
  auto request = neso::InferenceRequest::Create(model, -1);
  neso::RequestTensors tensors(neso::FuzzRegions());
  if (neso::FillFromWire(wire, *request, tensors).ok()) neso::TouchInputs(*request);
  return 0;
}
