#include "frontend/http/example_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace neso {
namespace {

constexpr int64_t kMostTypedValues = 256;
constexpr int64_t kMostValues = 1 << 28;  // of a tensor that anybody would send from a shell

struct ExampleTensor {
  const TensorSpec* spec;
  Shape shape;
  int64_t count = 0;  // -1: beyond all numbers
};

std::vector<ExampleTensor> RequiredInputs(const Model& model) {
  std::vector<ExampleTensor> tensors;
  for (const TensorSpec& input : model.inputs()) {
    if (input.optional) continue;
    ExampleTensor& tensor = tensors.emplace_back(ExampleTensor{&input, WireShape(model, input)});
    for (int64_t& dim : tensor.shape) dim = std::max<int64_t>(dim, 1);
    tensor.count = ElementCount(tensor.shape);
  }
  return tensors;
}

const char* ZeroOf(DataType type) {
  switch (type) {
    case DataType::kBool: return "false";
    case DataType::kBytes: return "\"text\"";
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kFp32:
    case DataType::kFp64: return "0.0";
    default: return "0";
  }
}

std::string Repeated(const char* value, int64_t count) {
  std::string values;
  for (int64_t i = 0; i < count; ++i) values.append(i == 0 ? "" : ",").append(value);
  return values;
}

bool CanBeTyped(const ExampleTensor& tensor) {
  const DataType type = tensor.spec->datatype;
  return tensor.count >= 0 && tensor.count <= kMostTypedValues && type != DataType::kFp16 && type != DataType::kBf16;
}

// Of zeros; an empty string is a length of 0, in 4 bytes.
int64_t BinarySize(const ExampleTensor& tensor) {
  const uint32_t element = tensor.spec->datatype == DataType::kBytes ? 4 : DataTypeByteSize(tensor.spec->datatype);
  return tensor.count * element;
}

std::string InferJson(const Model& model, const std::vector<ExampleTensor>& tensors, bool typed) {
  std::string json = "{";
  // A sequence of one request.
  if (model.config().has_sequence_batching()) {
    json += R"("parameters":{"sequence_id":1,"sequence_start":true,"sequence_end":true},)";
  }
  json += "\"inputs\":[";
  for (const ExampleTensor& tensor : tensors) {
    if (json.back() != '[') json += ',';
    json += fmt::format(R"({{"name":{},"datatype":"{}","shape":{},)", JsonQuoted(tensor.spec->name),
                        DataTypeName(tensor.spec->datatype), ShapeText(tensor.shape));
    json += typed ? fmt::format(R"("data":[{}]}})", Repeated(ZeroOf(tensor.spec->datatype), tensor.count))
                  : fmt::format(R"("parameters":{{"binary_data_size":{}}}}})", BinarySize(tensor));
  }
  return json + "]}";
}

// Empty: there is none.
std::string InferCommand(const Model& model, std::string_view url) {
  const std::vector<ExampleTensor> tensors = RequiredInputs(model);
  const auto is_too_large = [](const ExampleTensor& tensor) { return tensor.count < 0 || tensor.count > kMostValues; };
  if (std::any_of(tensors.begin(), tensors.end(), is_too_large)) return {};
  const bool typed = std::all_of(tensors.begin(), tensors.end(), CanBeTyped);
  const std::string json = InferJson(model, tensors, typed);
  if (typed) return fmt::format("curl {} -d {}", url, ShellQuoted(json));
  int64_t bytes = 0;
  for (const ExampleTensor& tensor : tensors) bytes += BinarySize(tensor);
  return fmt::format(
      "(printf %s {}; head -c {} /dev/zero) | curl {} -H 'Inference-Header-Content-Length: {}' --data-binary @-",
      ShellQuoted(json), bytes, url, json.size());
}

// Empty: there is none, since all of its values are JSON.
std::string GenerateCommand(const Model& model, std::string_view url) {
  std::string json = "{";
  for (const ExampleTensor& tensor : RequiredInputs(model)) {
    if (!CanBeTyped(tensor)) return {};
    if (json.back() != '{') json += ',';
    const std::string values = Repeated(ZeroOf(tensor.spec->datatype), tensor.count);
    json += JsonQuoted(tensor.spec->name) + (tensor.count == 1 ? ":" + values : ":[" + values + "]");
  }
  return fmt::format("curl -N {} -d {}", url, ShellQuoted(json + "}"));
}

}  // namespace

Shape WireShape(const Model& model, const TensorSpec& tensor) {
  Shape shape = tensor.dims;
  if (model.max_batch_size() > 0) shape.insert(shape.begin(), -1);
  return shape;
}

std::string ShellQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string ExampleRequest(const Model& model, std::string_view url, ExampleKind kind) {
  return kind == ExampleKind::kInfer ? InferCommand(model, url) : GenerateCommand(model, url);
}

}  // namespace neso
