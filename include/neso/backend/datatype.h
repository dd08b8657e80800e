// Element types and shapes.
//
//   ByteSize(TRITONSERVER_TYPE_FP32) == 4, ElementCount({2, 3}) == 6, FromConfigName("TYPE_STRING") ==
//   TRITONSERVER_TYPE_BYTES
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "neso/datatype.h"

namespace neso::backend {

using DataType = TRITONSERVER_DataType;

// Bytes of one element; 0 for BYTES, whose elements vary, and for INVALID.
constexpr size_t ByteSize(DataType datatype) { return FactsOfDataType(datatype).byte_size; }

// The name in a model configuration: "TYPE_FP32", and "TYPE_STRING" for BYTES.
constexpr std::string_view ConfigName(DataType datatype) { return FactsOfDataType(datatype).config_name; }

constexpr DataType FromConfigName(std::string_view name) { return FindDataType(name, &DataTypeFacts::config_name); }

// The product of the dimensions: 1 for a scalar, -1 if a dimension is not known.
constexpr int64_t ElementCount(std::span<const int64_t> shape) {
  int64_t count = 1;
  for (const int64_t dimension : shape) {
    if (dimension < 0) return -1;
    count *= dimension;
  }
  return count;
}

}  // namespace neso::backend
