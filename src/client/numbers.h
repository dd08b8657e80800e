// Numbers of tensors: read, written, and put as text, whatever their datatype.
//
//   std::string bytes;
//   RETURN_IF_ERROR(AppendNumber(bytes, TRITONSERVER_TYPE_FP16, 1.5));
//   NumberAt(TRITONSERVER_TYPE_FP16, bytes.data());   // 1.5
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/json.h"
#include "base/status.h"
#include "neso/datatype.h"

namespace neso::client {

// Holds each number of each datatype as it is, 64-bit integers included.
using Number = long double;
static_assert(std::numeric_limits<Number>::digits >= 64);

// `element` has the bytes of one element. Precondition: `type` has a size.
Number NumberAt(TRITONSERVER_DataType type, const char* element);

// Error: kInvalidArg for a number that the datatype has not: "300 is no UINT8 (0 to 255)". Floating-point types take the
// nearest that they have, if it is one: "70000 is no FP16: it is too large".
Status AppendNumber(std::string& bytes, TRITONSERVER_DataType type, Number number);

// The same of a number or a truth value in JSON. Error: kInvalidArg for what is neither: "expected FP32, got [1]".
Status AppendJsonNumber(std::string& bytes, TRITONSERVER_DataType type, const JsonValue& value);

// As short as says which number of that datatype it is: "0.1" for the FP32, or the FP16, nearest to it. Whole numbers of
// FP16 and BF16 in full: "10008", though "1.001e+04" would do.
std::string NumberText(TRITONSERVER_DataType type, Number number);

// As the server writes them in JSON, which has no words for what is no number: "NaN", "-Infinity". `element`: as above.
std::string NumberJson(TRITONSERVER_DataType type, const char* element);

// "1.5", "-3", "true", "nan". Error: kInvalidArg for what is none.
Expected<Number> ReadNumber(std::string_view text);

// IEEE 754 binary16, the nearest, ties to even.
float FloatOfHalf(uint16_t half);
uint16_t HalfOf(Number number);

}  // namespace neso::client
