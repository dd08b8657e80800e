#include "core/types.h"

#include <array>

namespace neso {
namespace {

struct TypeFacts {
  const char* name;
  uint32_t bytes;
};
// In the order of DataType.
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
// A number from a plug-in may be anything.
const TypeFacts& FactsOf(DataType type) {
  const auto index = static_cast<size_t>(type);
  return kTypes[index < kTypes.size() ? index : 0];
}

}  // namespace

const char* DataTypeName(DataType type) { return FactsOf(type).name; }

DataType DataTypeFromName(std::string_view name) {
  for (size_t i = 1; i < kTypes.size(); ++i) {
    if (name == kTypes[i].name) return static_cast<DataType>(i);
  }
  return DataType::kInvalid;
}

uint32_t DataTypeByteSize(DataType type) { return FactsOf(type).bytes; }

std::string ShapeText(const Shape& shape) {
  std::string text = "[";
  for (const int64_t dim : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dim);
  }
  return text += ']';
}

int64_t ElementCount(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t dim : shape) {
    if (dim < 0 || __builtin_mul_overflow(count, dim, &count)) return -1;
  }
  return count;
}

const void* NamedParameter::data() const {
  return std::visit(
      [](const auto& value) -> const void* {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
          return value.c_str();
        else
          return &value;
      },
      value);
}

}  // namespace neso
