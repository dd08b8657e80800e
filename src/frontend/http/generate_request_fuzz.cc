// The mapping of generate requests under arbitrary bodies: first byte picks the model, the rest is the body.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/model.h"
#include "frontend/http/generate_request.h"

namespace {

std::shared_ptr<neso::Model> MakeModel(int max_batch_size) {
  inference::ModelConfig config;
  config.set_name("fuzzed");
  config.set_max_batch_size(max_batch_size);
  const inference::DataType types[] = {inference::TYPE_FP32, inference::TYPE_STRING, inference::TYPE_BOOL,
                                       inference::TYPE_UINT8};
  for (int i = 0; i < 4; ++i) {
    auto* input = config.add_input();
    input->set_name("INPUT" + std::to_string(i));
    input->set_data_type(types[i]);
    input->add_dims(-1);
    if (i == 3) input->add_dims(3);
    input->set_optional(true);
  }
  return std::make_shared<neso::Model>(config, 1, std::map<std::string, std::vector<std::string>>());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<neso::Model> models[] = {MakeModel(0), MakeModel(8)};
  if (size == 0) return 0;
  const std::shared_ptr<neso::Model>& model = models[data[0] % 2];
  auto request = neso::InferenceRequest::Create(model, -1);
  std::vector<neso::BufferRef> storage;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)neso::FillGenerateRequest(*model, body, 1 << 16, *request, storage).ok();
  return 0;
}
