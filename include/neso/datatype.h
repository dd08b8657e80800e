// The datatypes of tensors: their names and sizes stand here, once for the server and its plug-ins.
//
//   FactsOfDataType(TRITONSERVER_TYPE_BYTES).config_name == "TYPE_STRING"
//   FindDataType("FP32", &DataTypeFacts::name) == TRITONSERVER_TYPE_FP32
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "triton/core/tritonserver.h"

namespace neso {

struct DataTypeFacts {
  std::string_view name;         // in the protocols; ends with '\0'
  std::string_view config_name;  // in a model configuration
  uint32_t byte_size = 0;        // of one element; 0 when they vary
};

// By number of TRITONSERVER_DataType, which DataType of model_config.proto shares.
inline constexpr std::array<DataTypeFacts, 15> kDataTypes = {{{"<invalid>", "TYPE_INVALID", 0},
                                                              {"BOOL", "TYPE_BOOL", 1},
                                                              {"UINT8", "TYPE_UINT8", 1},
                                                              {"UINT16", "TYPE_UINT16", 2},
                                                              {"UINT32", "TYPE_UINT32", 4},
                                                              {"UINT64", "TYPE_UINT64", 8},
                                                              {"INT8", "TYPE_INT8", 1},
                                                              {"INT16", "TYPE_INT16", 2},
                                                              {"INT32", "TYPE_INT32", 4},
                                                              {"INT64", "TYPE_INT64", 8},
                                                              {"FP16", "TYPE_FP16", 2},
                                                              {"FP32", "TYPE_FP32", 4},
                                                              {"FP64", "TYPE_FP64", 8},
                                                              {"BYTES", "TYPE_STRING", 0},
                                                              {"BF16", "TYPE_BF16", 2}}};
static_assert(kDataTypes.size() == TRITONSERVER_TYPE_BF16 + 1);

// Numbers come from plug-ins, other processes and files: they may be anything.
constexpr bool IsDataType(int number) { return number >= 0 && static_cast<size_t>(number) < kDataTypes.size(); }

// Those of TRITONSERVER_TYPE_INVALID for a number that is no datatype's.
constexpr const DataTypeFacts& FactsOfDataType(int number) {
  return kDataTypes[IsDataType(number) ? static_cast<size_t>(number) : 0];
}

// TRITONSERVER_TYPE_INVALID for a name that none of them has.
constexpr TRITONSERVER_DataType FindDataType(std::string_view name, std::string_view DataTypeFacts::*spelling) {
  for (size_t i = 1; i < kDataTypes.size(); ++i) {
    const std::string_view spelled = kDataTypes[i].*spelling;
    // Those of one length differ at the end nearly always.
    const bool may_be = spelled.size() == name.size() && spelled.back() == name.back();
    if (may_be && spelled == name) return static_cast<TRITONSERVER_DataType>(i);
  }
  return TRITONSERVER_TYPE_INVALID;
}

}  // namespace neso
