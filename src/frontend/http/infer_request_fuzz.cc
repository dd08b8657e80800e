// The infer codec under arbitrary bodies: first byte picks how the JSON's length is given, the rest is the body. Arrays
// that the codec lets be at first are no way around RapidJSON: what that says of the JSON comes before all else.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/check.h"
#include "base/json.h"
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

// Of all of the JSON, each array included; OK when there is none, or too much.
neso::Status SyntaxOf(const neso::InferBody& body, size_t max_bytes) {
  const std::string_view json = body.bytes.substr(0, body.header_length.value_or(body.bytes.size()));
  if (json.empty() || json.size() > max_bytes) return {};
  return neso::JsonDocument().Parse(json, [](std::string_view name) { return name == "data"; });
}

neso::Status Fill(const std::shared_ptr<neso::Model>& model, const neso::InferBody& body, size_t max_bytes) {
  auto request = neso::InferenceRequest::Create(model, -1);
  neso::RequestTensors tensors(neso::FuzzRegions());
  neso::Status status = neso::FillInferRequest(*model, body, max_bytes, *request, tensors).status();
  if (status.ok()) neso::TouchInputs(*request);
  return status;
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
  constexpr size_t kMaxBytes = 1 << 16;
  const neso::Status status = Fill(model, body, kMaxBytes);
  // A head that comes again says the same.
  for (int again = 0; again < 2; ++again) {
    const neso::Status known = Fill(model, body, kMaxBytes);
    CHECK(known.ToString() == status.ToString(), "a known head says the same");
  }
  const neso::Status syntax = SyntaxOf(body, kMaxBytes);
  CHECK(syntax.ok() || (status.code() == syntax.code() && status.message() == syntax.message()), "syntax comes first");
  return 0;
}
