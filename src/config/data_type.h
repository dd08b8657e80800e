// Names, sizes and shapes of tensors as the configuration and the protocol spell them.
//
//   DataTypeToProtocol(inference::TYPE_STRING) == "BYTES";  DimsToString({-1, 16}) == "[-1,16]"
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/model_config.pb.h"

namespace neso {

// "FP32", "BYTES"; "<invalid>" for TYPE_INVALID and unknown numbers.
std::string_view DataTypeToProtocol(inference::DataType type);
// "TYPE_FP32"; the decimal number for values that have no name.
std::string DataTypeName(inference::DataType type);

// Bytes of one element; 0 for TYPE_STRING (variable) and TYPE_INVALID.
size_t DataTypeByteSize(inference::DataType type);
// Bytes of one element that is zero, an empty text being its length alone; 0 for TYPE_INVALID.
size_t ZeroByteSize(inference::DataType type);

// "[-1,16]"; "[]" for a scalar.
std::string DimsToString(std::span<const int64_t> dims);
// The span of a repeated field.
inline std::span<const int64_t> DimsOf(const google::protobuf::RepeatedField<int64_t>& field) {
  return {field.data(), static_cast<size_t>(field.size())};
}

// The product of `dims`, 1 for a scalar. Empty if a dimension is negative or the product does not fit.
std::optional<int64_t> ElementCount(std::span<const int64_t> dims);

}  // namespace neso
