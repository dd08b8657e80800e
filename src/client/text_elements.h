// The elements of BYTES tensors: texts, each behind four little-endian bytes with its length.
//
//   std::string bytes;
//   AppendText(bytes, "cat");
//   TextsIn(bytes);             // {"cat"}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace neso::client {

void AppendText(std::string& bytes, std::string_view text);
// All of them, as views. Error: kInvalidArg where a length says more than there is.
Expected<std::vector<std::string_view>> TextsIn(std::string_view bytes);

}  // namespace neso::client
