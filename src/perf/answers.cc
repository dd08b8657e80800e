#include "perf/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/json.h"
#include "base/json_elements.h"
#include "base/json_member.h"
#include "base/utf8.h"
#include "perf/json_tensor.h"

namespace neso::perf {
namespace {

constexpr size_t kMostKeptBytes = size_t{256} << 20;

bool HoldsElements(std::string_view name) { return name == "data"; }

Status NoAnswer(std::string_view expected) { return InvalidArg("the answer has no {}", expected); }

std::optional<size_t> JsonSize(const client::Http1AnswerReader& answer) {
  for (const auto& [name, value] : answer.ParseHeaders()) {
    if (name != "inference-header-content-length") continue;
    size_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc() || end != value.data() + value.size() || size > answer.body().size()) return std::nullopt;
    return size;
  }
  return answer.body().size();
}

Status ReadData(const JsonValue& output, std::string_view& binary, Tensor& tensor) {
  const JsonValue* const parameters = FindMember(output, "parameters");
  if (const JsonValue* size = parameters == nullptr ? nullptr : FindMember(*parameters, "binary_data_size")) {
    if (!size->IsUint64() || size->GetUint64() > binary.size()) return NoAnswer("whole binary data");
    tensor.bytes = binary.substr(0, size->GetUint64());
    binary.remove_prefix(tensor.bytes.size());
    return {};
  }
  const JsonValue* const data = FindMember(output, "data");
  if (data == nullptr || !data->IsArray()) return NoAnswer("data of '" + tensor.name + "'");
  return ForEachJsonElement(JsonDocument::ElementsOf(*data).text, [&tensor](const JsonValue& value) {
    return AppendJsonElement(value, tensor.datatype, tensor.bytes);
  });
}

Expected<Tensor> ReadOutput(const JsonValue& output, std::string_view& binary) {
  if (!output.IsObject()) return NoAnswer("objects as outputs");
  const JsonValue* const name = FindMember(output, "name");
  const JsonValue* const datatype = FindMember(output, "datatype");
  const JsonValue* const shape = FindMember(output, "shape");
  if (name == nullptr || !name->IsString() || datatype == nullptr || !datatype->IsString() || shape == nullptr ||
      !shape->IsArray()) {
    return NoAnswer("name, datatype and shape of each output");
  }
  Tensor tensor{std::string(JsonText(*name)), std::string(JsonText(*datatype)), {}, {}};
  for (const JsonValue& size : shape->GetArray()) tensor.shape.push_back(size.IsInt64() ? size.GetInt64() : -1);
  RETURN_IF_ERROR(ReadData(output, binary, tensor));
  return tensor;
}

// "[5]" becomes "5".
std::string WithoutBrackets(const std::string& elements) { return elements.substr(1, elements.size() - 2); }

Expected<std::string> ValueJson(const Tensor& tensor) {
  if (tensor.bytes.empty()) return std::string("\"\"");
  if (tensor.datatype == "BYTES" || tensor.datatype == kJsonDatatype)
    return JsonQuoted(ToUtf8(tensor.bytes));  // lengths of BYTES from 128 on are none
  ASSIGN_OR_RETURN(const std::string elements, JsonElementsText(tensor));
  return elements.find(',') == std::string::npos ? WithoutBrackets(elements) : elements;
}

// Whether two texts of JSON differ in their blanks at most, as servers write more or fewer.
bool AreAlike(std::string_view a, std::string_view b) {
  JsonDocument one, other;
  return one.Parse(a).ok() && other.Parse(b).ok() && DumpJson(one.root()) == DumpJson(other.root());
}

Status Compare(const Tensor& expected, std::span<const Tensor> outputs) {
  const auto output = std::ranges::find(outputs, expected.name, &Tensor::name);
  if (output == outputs.end())
    return InvalidArg("the answer has no output '{}', which validation_data expects", expected.name);
  if (output->bytes == expected.bytes) return {};
  if (expected.datatype == kJsonDatatype && AreAlike(output->bytes, expected.bytes)) return {};
  if (output->bytes.size() != expected.bytes.size())
    return InvalidArg("output '{}' is not what validation_data says: expected {} bytes, got {}", expected.name,
                      expected.bytes.size(), output->bytes.size());
  const auto [place, other] = std::ranges::mismatch(expected.bytes, output->bytes);
  return InvalidArg("output '{}' is not what validation_data says: it differs from byte {} of {} on", expected.name,
                    place - expected.bytes.begin(), expected.bytes.size());
}

}  // namespace

Expected<std::vector<Tensor>> ReadHttpAnswer(const client::Http1AnswerReader& answer) {
  const std::optional<size_t> size = JsonSize(answer);
  if (!size) return NoAnswer("sensible Inference-Header-Content-Length");
  const std::string_view body = answer.body();
  std::string_view binary = body.substr(*size);
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body.substr(0, *size), HoldsElements));
  const JsonValue& root = document.root();
  const JsonValue* const listed = FindMember(root, "outputs");
  if (listed == nullptr || !listed->IsArray()) return NoAnswer("outputs");
  std::vector<Tensor> outputs;
  for (const JsonValue& output : listed->GetArray()) {
    ASSIGN_OR_RETURN(outputs.emplace_back(), ReadOutput(output, binary));
  }
  return outputs;
}

std::string TensorsJson(std::span<const Tensor> tensors) {
  std::string text = "{";
  for (const Tensor& tensor : tensors) {
    const Expected<std::string> value = ValueJson(tensor);
    if (!value) continue;
    if (text.size() > 1) text += ',';
    text += JsonQuoted(tensor.name) + ":" + *value;
  }
  return text + "}";
}

Expected<size_t> Answers::Take(size_t request, std::span<const Tensor> outputs) {
  for (const Tensor& expected : requests_[request].expected) RETURN_IF_ERROR(Compare(expected, outputs));
  if (!keeps_ || kept_bytes_ > kMostKeptBytes) return kNotKept;
  kept_.push_back(TensorsJson(outputs));
  kept_bytes_ += kept_.back().size();
  return kept_.size() - 1;
}

}  // namespace neso::perf
