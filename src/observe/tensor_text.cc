#include "observe/tensor_text.h"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <type_traits>

#include "base/json.h"
#include "base/utf8.h"

namespace neso {
namespace {

template <typename T>
std::string NumbersText(std::string_view bytes) {
  std::string text;
  for (; bytes.size() >= sizeof(T); bytes.remove_prefix(sizeof(T))) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    if (!text.empty()) text.push_back(',');
    if constexpr (std::is_floating_point_v<T>) {
      fmt::format_to(std::back_inserter(text), "{:g}", value);
    } else {
      fmt::format_to(std::back_inserter(text), "{:d}", value);
    }
  }
  return text;
}

std::string StringsText(std::string_view bytes) {
  std::string text;
  uint32_t size = 0;
  while (bytes.size() >= sizeof size) {
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (size > bytes.size()) break;
    if (!text.empty()) text.push_back(',');
    AppendJsonString(text, ToUtf8(bytes.substr(0, size)));
    bytes.remove_prefix(size);
  }
  return text;
}

}  // namespace

std::string TensorText(DataType type, std::string_view bytes) {
  switch (type) {
    case DataType::kBool:
    case DataType::kUint8: return NumbersText<uint8_t>(bytes);
    case DataType::kUint16: return NumbersText<uint16_t>(bytes);
    case DataType::kUint32: return NumbersText<uint32_t>(bytes);
    case DataType::kUint64: return NumbersText<uint64_t>(bytes);
    case DataType::kInt8: return NumbersText<int8_t>(bytes);
    case DataType::kInt16: return NumbersText<int16_t>(bytes);
    case DataType::kInt32: return NumbersText<int32_t>(bytes);
    case DataType::kInt64: return NumbersText<int64_t>(bytes);
    case DataType::kFp32: return NumbersText<float>(bytes);
    case DataType::kFp64: return NumbersText<double>(bytes);
    case DataType::kBytes: return StringsText(bytes);
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kInvalid: break;
  }
  return {};
}

}  // namespace neso
