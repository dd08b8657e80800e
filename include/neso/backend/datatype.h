// Element types and shapes.
//
//   ByteSize(TRITONSERVER_TYPE_FP32) == 4, ElementCount({2, 3}) == 6, FromConfigName("TYPE_STRING") ==
//   TRITONSERVER_TYPE_BYTES
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "triton/core/tritonserver.h"

namespace neso::backend {

using DataType = TRITONSERVER_DataType;

namespace internal {
struct DataTypeFacts {
  std::string_view config_name;
  size_t byte_size;
};
// By number of TRITONSERVER_DataType.
inline constexpr std::array<DataTypeFacts, 15> kDataTypes = {{{"TYPE_INVALID", 0},
                                                              {"TYPE_BOOL", 1},
                                                              {"TYPE_UINT8", 1},
                                                              {"TYPE_UINT16", 2},
                                                              {"TYPE_UINT32", 4},
                                                              {"TYPE_UINT64", 8},
                                                              {"TYPE_INT8", 1},
                                                              {"TYPE_INT16", 2},
                                                              {"TYPE_INT32", 4},
                                                              {"TYPE_INT64", 8},
                                                              {"TYPE_FP16", 2},
                                                              {"TYPE_FP32", 4},
                                                              {"TYPE_FP64", 8},
                                                              {"TYPE_STRING", 0},
                                                              {"TYPE_BF16", 2}}};
}  // namespace internal

// Bytes of one element; 0 for BYTES, whose elements vary, and for INVALID.
constexpr size_t ByteSize(DataType datatype) {
  const auto index = static_cast<size_t>(datatype);
  return index < internal::kDataTypes.size() ? internal::kDataTypes[index].byte_size : 0;
}

// The name in a model configuration: "TYPE_FP32", and "TYPE_STRING" for BYTES.
constexpr std::string_view ConfigName(DataType datatype) {
  const auto index = static_cast<size_t>(datatype);
  return internal::kDataTypes[index < internal::kDataTypes.size() ? index : 0].config_name;
}

constexpr DataType FromConfigName(std::string_view name) {
  for (size_t i = 0; i < internal::kDataTypes.size(); ++i) {
    if (internal::kDataTypes[i].config_name == name) return static_cast<DataType>(i);
  }
  return TRITONSERVER_TYPE_INVALID;
}

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
