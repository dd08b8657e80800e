#include "core/types.h"

#include "neso/datatype.h"

namespace neso {
namespace {

constexpr TRITONSERVER_DataType Number(DataType type) { return static_cast<TRITONSERVER_DataType>(type); }
static_assert(Number(DataType::kBool) == TRITONSERVER_TYPE_BOOL && Number(DataType::kUint8) == TRITONSERVER_TYPE_UINT8);
static_assert(Number(DataType::kInt8) == TRITONSERVER_TYPE_INT8 && Number(DataType::kFp16) == TRITONSERVER_TYPE_FP16);
static_assert(Number(DataType::kBytes) == TRITONSERVER_TYPE_BYTES && Number(DataType::kBf16) == TRITONSERVER_TYPE_BF16);

}  // namespace

const char* DataTypeName(DataType type) { return FactsOfDataType(Number(type)).name.data(); }

DataType DataTypeFromName(std::string_view name) {
  return static_cast<DataType>(FindDataType(name, &DataTypeFacts::name));
}

uint32_t DataTypeByteSize(DataType type) { return FactsOfDataType(Number(type)).byte_size; }

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
