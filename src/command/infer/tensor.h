// A tensor as it goes to a server, or comes from one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "neso/datatype.h"

namespace neso::command {

using Shape = std::vector<int64_t>;
std::string ShapeText(const Shape& shape);  // "[-1,3]"

struct Tensor {
  std::string name = {};
  TRITONSERVER_DataType datatype = TRITONSERVER_TYPE_INVALID;
  Shape shape = {};
  std::string bytes = {};  // as the protocol has them: little-endian, each text behind its length

  std::string_view TypeName() const { return FactsOfDataType(datatype).name; }
};

// The same numbers in another datatype; texts stay texts. Errors: kInvalidArg, which number does not fit, or that one of
// both is BYTES.
Expected<Tensor> Convert(Tensor tensor, TRITONSERVER_DataType datatype);

}  // namespace neso::command
