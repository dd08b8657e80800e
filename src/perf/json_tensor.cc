#include "perf/json_tensor.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/status.h"
#include "neso/datatype.h"

namespace neso::perf {
namespace {

template <typename Value>
void AppendValue(Value value, std::string& out) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(bytes));
}

Status NoSuch(std::string_view datatype, const JsonValue& value) {
  return InvalidArg("expected a value of datatype {}, got {}", datatype, DumpJson(value).substr(0, 100));
}

template <typename Integer>
Status AppendInteger(const JsonValue& value, std::string_view datatype, std::string& bytes) {
  using Limits = std::numeric_limits<Integer>;
  if constexpr (std::is_signed_v<Integer>) {
    if (!value.IsInt64() || value.GetInt64() < Limits::min() || value.GetInt64() > Limits::max())
      return NoSuch(datatype, value);
    AppendValue(static_cast<Integer>(value.GetInt64()), bytes);
  } else {
    if (!value.IsUint64() || value.GetUint64() > Limits::max()) return NoSuch(datatype, value);
    AppendValue(static_cast<Integer>(value.GetUint64()), bytes);
  }
  return {};
}

template <typename Real>
Status AppendReal(const JsonValue& value, std::string_view datatype, std::string& bytes) {
  if (!value.IsNumber()) return NoSuch(datatype, value);
  AppendValue(static_cast<Real>(value.GetDouble()), bytes);
  return {};
}

Status AppendBool(const JsonValue& value, std::string& bytes) {
  const bool is_bit = value.IsUint64() && value.GetUint64() <= 1;
  if (!value.IsBool() && !is_bit) return NoSuch("BOOL", value);
  bytes += static_cast<char>(value.IsBool() ? value.GetBool() : value.GetUint64() != 0);
  return {};
}

Status AppendText(const JsonValue& value, std::string& bytes) {
  if (!value.IsString()) return NoSuch("BYTES", value);
  AppendValue(static_cast<uint32_t>(value.GetStringLength()), bytes);
  bytes += JsonText(value);
  return {};
}

template <typename Value>
Expected<std::string> TextOfValues(const Tensor& tensor) {
  if (tensor.bytes.size() % sizeof(Value) != 0)
    return InvalidArg("'{}': {} bytes are not whole elements of {}", tensor.name, tensor.bytes.size(), tensor.datatype);
  std::string text = "[";
  for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(Value)) {
    Value value;
    std::memcpy(&value, tensor.bytes.data() + at, sizeof(Value));
    if (at > 0) text += ',';
    if constexpr (std::is_same_v<Value, bool>) {
      text += tensor.bytes[at] != 0 ? "true" : "false";
    } else if constexpr (std::is_floating_point_v<Value>) {
      text += std::isfinite(value) ? fmt::format("{}", value)
                                   : std::string(std::isnan(value) ? "NaN"
                                                 : value > 0       ? "Infinity"
                                                                   : "-Infinity");
    } else {
      text += fmt::format("{}", static_cast<std::conditional_t<std::is_signed_v<Value>, int64_t, uint64_t>>(value));
    }
  }
  return text + "]";
}

Expected<std::string> TextOfStrings(const Tensor& tensor) {
  std::string text = "[";
  const bool are_whole = ForEachString(tensor.bytes, [&text](std::string_view string) {
    if (text.size() > 1) text += ',';
    text += JsonQuoted(string);
  });
  if (!are_whole) return InvalidArg("'{}': its bytes are not strings behind their lengths", tensor.name);
  return text + "]";
}

}  // namespace

Status AppendJsonElement(const JsonValue& value, std::string_view datatype, std::string& bytes) {
  switch (FindDataType(datatype, &DataTypeFacts::name)) {
    case TRITONSERVER_TYPE_BOOL: return AppendBool(value, bytes);
    case TRITONSERVER_TYPE_UINT8: return AppendInteger<uint8_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_UINT16: return AppendInteger<uint16_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_UINT32: return AppendInteger<uint32_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_UINT64: return AppendInteger<uint64_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_INT8: return AppendInteger<int8_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_INT16: return AppendInteger<int16_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_INT32: return AppendInteger<int32_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_INT64: return AppendInteger<int64_t>(value, datatype, bytes);
    case TRITONSERVER_TYPE_FP32: return AppendReal<float>(value, datatype, bytes);
    case TRITONSERVER_TYPE_FP64: return AppendReal<double>(value, datatype, bytes);
    case TRITONSERVER_TYPE_BYTES: return AppendText(value, bytes);
    case TRITONSERVER_TYPE_FP16:
      return InvalidArg("Can not use explicit tensor description for fp16 datatype: give it as b64");
    case TRITONSERVER_TYPE_BF16:
      return InvalidArg("Can not use explicit tensor description for bf16 datatype: give it as b64");
    default: return InvalidArg("values of datatype {} cannot be read", datatype);
  }
}

Expected<std::string> JsonElementsText(const Tensor& tensor) {
  switch (FindDataType(tensor.datatype, &DataTypeFacts::name)) {
    case TRITONSERVER_TYPE_BOOL: return TextOfValues<bool>(tensor);
    case TRITONSERVER_TYPE_UINT8: return TextOfValues<uint8_t>(tensor);
    case TRITONSERVER_TYPE_UINT16: return TextOfValues<uint16_t>(tensor);
    case TRITONSERVER_TYPE_UINT32: return TextOfValues<uint32_t>(tensor);
    case TRITONSERVER_TYPE_UINT64: return TextOfValues<uint64_t>(tensor);
    case TRITONSERVER_TYPE_INT8: return TextOfValues<int8_t>(tensor);
    case TRITONSERVER_TYPE_INT16: return TextOfValues<int16_t>(tensor);
    case TRITONSERVER_TYPE_INT32: return TextOfValues<int32_t>(tensor);
    case TRITONSERVER_TYPE_INT64: return TextOfValues<int64_t>(tensor);
    case TRITONSERVER_TYPE_FP32: return TextOfValues<float>(tensor);
    case TRITONSERVER_TYPE_FP64: return TextOfValues<double>(tensor);
    case TRITONSERVER_TYPE_BYTES: return TextOfStrings(tensor);
    default: return Unsupported("'{}': values of datatype {} have no form in JSON", tensor.name, tensor.datatype);
  }
}

}  // namespace neso::perf
