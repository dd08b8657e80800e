#include "frontend/classification.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

namespace neso {
namespace {

constexpr size_t kMaxClasses = 1'000'000;

// What is no number is less than all numbers.
template <typename T>
bool IsGreater(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  }
  return a > b;
}

template <typename T>
void AppendTop(const InferenceResponse& response, const Output& output, std::span<const T> values, size_t top,
               std::string& data) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  // Equal values keep their order, so that the same output always gives the same text.
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top), order.end(),
                    [&](uint32_t a, uint32_t b) {
                      return IsGreater(values[a], values[b]) || (!IsGreater(values[b], values[a]) && a < b);
                    });
  for (size_t i = 0; i < top; ++i) {
    std::string text = std::to_string(values[order[i]]) + ":" + std::to_string(order[i]);
    if (const char* label = response.ClassificationLabel(output, order[i]); label != nullptr && *label != '\0') {
      text += ':';
      text += label;
    }
    const uint32_t length = static_cast<uint32_t>(text.size());
    data.append(reinterpret_cast<const char*>(&length), sizeof(length));
    data += text;
  }
}

template <typename T>
void AppendRows(const InferenceResponse& response, const Output& output, size_t rows, size_t classes, size_t top,
                std::string& data) {
  std::vector<T> row(classes);
  const char* base = static_cast<const char*>(output.base());
  for (size_t r = 0; r < rows; ++r) {
    std::memcpy(row.data(), base + r * classes * sizeof(T), classes * sizeof(T));
    AppendTop<T>(response, output, row, top, data);
  }
}

}  // namespace

Expected<Classes> Classify(const InferenceResponse& response, const Output& output, bool batched, uint64_t top) {
  const Shape& shape = output.shape();
  const size_t rows = batched && !shape.empty() ? static_cast<size_t>(shape[0]) : 1;
  const int64_t elements = ElementCount(shape);
  const size_t classes = rows == 0 || elements < 0 ? 0 : static_cast<size_t>(elements) / rows;
  if (classes > kMaxClasses) return InvalidArg("classification output tensor too large");
  const uint32_t width = DataTypeByteSize(output.datatype());
  if (width != 0 && rows * classes * width > output.attributes().byte_size) {
    return Internal("output '{}' holds fewer bytes than its shape says", output.name());
  }

  Classes result;
  const size_t kept = std::min<uint64_t>(top, classes);
  if (batched) result.shape.push_back(static_cast<int64_t>(rows));
  result.shape.push_back(static_cast<int64_t>(kept));
  const auto append = [&](auto sample) {
    AppendRows<decltype(sample)>(response, output, rows, classes, kept, result.data);
  };
  switch (output.datatype()) {
    case DataType::kUint8: append(uint8_t{}); break;
    case DataType::kUint16: append(uint16_t{}); break;
    case DataType::kUint32: append(uint32_t{}); break;
    case DataType::kUint64: append(uint64_t{}); break;
    case DataType::kInt8: append(int8_t{}); break;
    case DataType::kInt16: append(int16_t{}); break;
    case DataType::kInt32: append(int32_t{}); break;
    case DataType::kInt64: append(int64_t{}); break;
    case DataType::kFp32: append(float{}); break;
    case DataType::kFp64: append(double{}); break;
    default:
      return InvalidArg("class result not available for output due to unsupported type '{}'",
                        DataTypeName(output.datatype()));
  }
  return result;
}

}  // namespace neso
