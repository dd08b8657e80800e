#include "perf/json_tensor.h"

#include <vector>

#include "base/text.h"
#include "client/numbers.h"
#include "client/text_elements.h"
#include "neso/datatype.h"

namespace neso::perf {
namespace {

Expected<std::string> TextsJson(const Tensor& tensor) {
  const Expected<std::vector<std::string_view>> texts = client::TextsIn(tensor.bytes);
  if (!texts) return texts.error().WithContext("'{}'", tensor.name);
  std::string json = "[";
  for (const std::string_view text : *texts) {
    if (json.size() > 1) json += ',';
    json += JsonQuoted(text);
  }
  return json + "]";
}

}  // namespace

Status AppendJsonElement(const JsonValue& value, std::string_view datatype, std::string& bytes) {
  const TRITONSERVER_DataType type = FindDataType(datatype, &DataTypeFacts::name);
  switch (type) {
    case TRITONSERVER_TYPE_INVALID: return InvalidArg("values of datatype {} cannot be read", datatype);
    case TRITONSERVER_TYPE_FP16:
    case TRITONSERVER_TYPE_BF16:
      return InvalidArg("Can not use explicit tensor description for {} datatype: give it as b64",
                        ToLowerAscii(datatype));
    case TRITONSERVER_TYPE_BYTES:
      if (!value.IsString()) return InvalidArg("expected BYTES, got {}", DumpJson(value).substr(0, 100));
      client::AppendText(bytes, JsonText(value));
      return {};
    default: return client::AppendJsonNumber(bytes, type, value);
  }
}

Expected<std::string> JsonElementsText(const Tensor& tensor) {
  const TRITONSERVER_DataType type = FindDataType(tensor.datatype, &DataTypeFacts::name);
  if (type == TRITONSERVER_TYPE_BYTES) return TextsJson(tensor);
  const size_t width = FactsOfDataType(type).byte_size;
  if (width == 0 || type == TRITONSERVER_TYPE_FP16 || type == TRITONSERVER_TYPE_BF16)
    return Unsupported("'{}': values of datatype {} have no form in JSON", tensor.name, tensor.datatype);
  if (tensor.bytes.size() % width != 0)
    return InvalidArg("'{}': {} bytes are not whole elements of {}", tensor.name, tensor.bytes.size(), tensor.datatype);
  std::string json = "[";
  for (size_t at = 0; at < tensor.bytes.size(); at += width) {
    if (at > 0) json += ',';
    json += client::NumberJson(type, tensor.bytes.data() + at);
  }
  return json + "]";
}

}  // namespace neso::perf
