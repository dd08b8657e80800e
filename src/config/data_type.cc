#include "config/data_type.h"

#include <fmt/format.h>

#include <algorithm>
#include "neso/datatype.h"

namespace neso {

static_assert(inference::DataType_MAX + 1 == kDataTypes.size());
static_assert(inference::TYPE_BOOL == int{TRITONSERVER_TYPE_BOOL} &&
              inference::TYPE_INT8 == int{TRITONSERVER_TYPE_INT8});
static_assert(inference::TYPE_FP16 == int{TRITONSERVER_TYPE_FP16} &&
              inference::TYPE_BF16 == int{TRITONSERVER_TYPE_BF16});

std::string_view DataTypeToProtocol(inference::DataType type) { return FactsOfDataType(type).name; }

std::string DataTypeName(inference::DataType type) {
  return IsDataType(type) ? std::string(FactsOfDataType(type).config_name) : std::to_string(static_cast<int>(type));
}

size_t DataTypeByteSize(inference::DataType type) { return FactsOfDataType(type).byte_size; }

size_t ZeroByteSize(inference::DataType type) {
  return type == inference::TYPE_STRING ? sizeof(uint32_t) : DataTypeByteSize(type);
}

std::string DimsToString(std::span<const int64_t> dims) {
  return fmt::format("[{}]", fmt::join(dims.begin(), dims.end(), ","));
}

std::optional<int64_t> ElementCount(std::span<const int64_t> dims) {
  if (std::any_of(dims.begin(), dims.end(), [](int64_t dim) { return dim < 0; })) return std::nullopt;
  // A zero makes the product zero, however large the others are.
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return 0;
  int64_t count = 1;
  for (const int64_t dim : dims) {
    if (__builtin_mul_overflow(count, dim, &count)) return std::nullopt;
  }
  return count;
}

}  // namespace neso
