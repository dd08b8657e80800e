#include "config/data_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace neso {
namespace {

struct TypeFacts {
  std::string_view protocol;
  size_t bytes;
};

// Indexed by the enum's number.
constexpr std::array<TypeFacts, 15> kTypes = {{{"<invalid>", 0},
                                               {"BOOL", 1},
                                               {"UINT8", 1},
                                               {"UINT16", 2},
                                               {"UINT32", 4},
                                               {"UINT64", 8},
                                               {"INT8", 1},
                                               {"INT16", 2},
                                               {"INT32", 4},
                                               {"INT64", 8},
                                               {"FP16", 2},
                                               {"FP32", 4},
                                               {"FP64", 8},
                                               {"BYTES", 0},
                                               {"BF16", 2}}};
static_assert(inference::DataType_MAX + 1 == kTypes.size());

const TypeFacts& FactsOf(inference::DataType type) {
  const auto index = static_cast<size_t>(type);
  return kTypes[index < kTypes.size() ? index : 0];
}

}  // namespace

std::string_view DataTypeToProtocol(inference::DataType type) { return FactsOf(type).protocol; }

inference::DataType ProtocolToDataType(std::string_view name) {
  for (size_t i = 1; i < kTypes.size(); ++i) {
    if (kTypes[i].protocol == name) return static_cast<inference::DataType>(i);
  }
  return inference::TYPE_INVALID;
}

std::string DataTypeName(inference::DataType type) {
  const std::string& name = inference::DataType_Name(type);
  return name.empty() ? std::to_string(static_cast<int>(type)) : name;
}

inference::DataType DataTypeFromConfigName(std::string_view name) {
  inference::DataType type = inference::TYPE_INVALID;
  inference::DataType_Parse(std::string(name), &type);
  return type;
}

size_t DataTypeByteSize(inference::DataType type) { return FactsOf(type).bytes; }

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

std::optional<int64_t> TensorByteSize(inference::DataType type, std::span<const int64_t> dims) {
  const auto element_bytes = static_cast<int64_t>(DataTypeByteSize(type));
  const std::optional<int64_t> count = ElementCount(dims);
  int64_t bytes = 0;
  if (element_bytes == 0 || !count || __builtin_mul_overflow(*count, element_bytes, &bytes)) return std::nullopt;
  return bytes;
}

}  // namespace neso
