// Values that a person types, or a file has as text.
//
//   "1,2,3"   "1 2 3"   "[[1,2],[3,4]]"   "yes,no"   "[\"a text, with a comma\"]"
#pragma once

#include <string_view>

#include "base/status.h"
#include "command/infer/tensor.h"

namespace neso::command {

struct TextValues {
  Tensor tensor;
  bool has_shape = false;  // the brackets say it; else the tensor's is [number of values]
};

// Texts whose brackets are no JSON are texts. Errors: kInvalidArg, which value is none of the datatype; brackets that say
// no shape.
Expected<TextValues> ReadTextValues(std::string_view text, TRITONSERVER_DataType datatype);

// All of it is one text.
TextValues OneText(std::string_view text);

}  // namespace neso::command
