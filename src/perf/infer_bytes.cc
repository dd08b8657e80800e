#include "perf/infer_bytes.h"

#include <fmt/format.h>

#include <cstring>
#include <random>

#include "base/json.h"
#include "client/http_client.h"
#include "neso/datatype.h"

namespace neso::perf {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 31;

template <typename Value>
void AppendValue(std::string& out, Value value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(bytes));
}

// Numbers that no model chokes on: from 0 to 1, small integers, halves of which only the bits of 0.5 to 1 are drawn.
void AppendRandom(std::string& out, std::string_view datatype, size_t width, std::mt19937& random) {
  if (datatype == "FP32") return AppendValue(out, std::uniform_real_distribution<float>()(random));
  if (datatype == "FP64") return AppendValue(out, std::uniform_real_distribution<double>()(random));
  if (datatype == "FP16") return AppendValue(out, static_cast<uint16_t>(0x3800 | (random() & 0x3ff)));
  if (datatype == "BF16") return AppendValue(out, static_cast<uint16_t>(0x3f00 | (random() & 0x7f)));
  const uint64_t value = random() & (datatype == "BOOL" ? 1 : 0x7f);
  for (size_t i = 0; i < width; i++) out += static_cast<char>(value >> (8 * i));
}

void AppendString(std::string& out, const Options& options, std::mt19937& random) {
  std::string text = options.zeros ? std::string() : options.string_data;
  if (text.empty() && !options.zeros) {
    for (uint64_t i = 0; i < options.string_length; i++) text += static_cast<char>('a' + random() % 26);
  }
  AppendValue(out, static_cast<uint32_t>(text.size()));
  out += text;
}

Expected<std::string> MakeTensor(const InputFacts& input, uint64_t elements, const Options& options,
                                 std::mt19937& random) {
  std::string bytes;
  if (input.datatype == "BYTES") {
    if (elements > kMostBytes / (options.string_length + options.string_data.size() + 4))
      return Unsupported("input '{}': {} strings are more than fit into a request", input.name, elements);
    for (uint64_t i = 0; i < elements; i++) AppendString(bytes, options, random);
    return bytes;
  }
  const size_t width = FactsOfDataType(FindDataType(input.datatype, &DataTypeFacts::name)).byte_size;
  if (width == 0) return InvalidArg("input '{}': values of datatype {} cannot be made up", input.name, input.datatype);
  if (options.zeros) return std::string(elements * width, '\0');
  bytes.reserve(elements * width);
  for (uint64_t i = 0; i < elements; i++) AppendRandom(bytes, input.datatype, width, random);
  return bytes;
}

}  // namespace

Expected<InferBytes> WriteInfer(const client::Endpoint& endpoint, const ModelFacts& facts, const Options& options) {
  std::mt19937 random(1);
  std::string json = "{\"inputs\":[";
  std::string tensors;
  for (const InputFacts& input : facts.inputs) {
    std::vector<int64_t> shape = input.shape;
    if (facts.batches) shape.insert(shape.begin(), static_cast<int64_t>(options.batch));
    uint64_t elements = 1;
    for (const int64_t size : shape) {
      if (size != 0 && elements > kMostBytes / static_cast<uint64_t>(size))
        return Unsupported("input '{}': shape [{}] is more than fits into a request", input.name,
                           fmt::join(shape, ","));
      elements *= static_cast<uint64_t>(size);
    }
    ASSIGN_OR_RETURN(const std::string tensor, MakeTensor(input, elements, options, random));
    if (tensors.size() + tensor.size() > kMostBytes) return Unsupported("the inputs are more than fit into a request");
    json += fmt::format(R"({}{{"name":{},"datatype":"{}","shape":[{}],"parameters":{{"binary_data_size":{}}}}})",
                        &input == &facts.inputs.front() ? "" : ",", JsonQuoted(input.name), input.datatype,
                        fmt::join(shape, ","), tensor.size());
    tensors += tensor;
  }
  json += "],\"parameters\":{\"binary_data_output\":true}}";

  client::HttpCall call{.method = "POST", .path = ModelPath(options) + "/infer", .headers = options.headers};
  call.headers.emplace_back("Content-Type", "application/octet-stream");
  call.headers.emplace_back("Inference-Header-Content-Length", std::to_string(json.size()));
  call.body = json + tensors;
  ASSIGN_OR_RETURN(std::string head, client::WriteHead(endpoint, call));
  return InferBytes{std::move(head), std::move(call.body)};
}

}  // namespace neso::perf
