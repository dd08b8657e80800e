// Reads the parameters that a caller gives as text.
#pragma once

#include "common.h"

namespace triton {
namespace client {

enum class ParameterKind { kString, kInt, kBool, kUnknown };

ParameterKind KindOf(const RequestParameter& parameter);

// Error: its value is no integer of 64 bits.
Error ReadInt(int64_t* value, const RequestParameter& parameter);

}  // namespace client
}  // namespace triton
