// Files that people take for models that can be served, and what they can do with them instead.
#pragma once

#include <string_view>

#include "base/status.h"

namespace neso {

// Error: kInvalidArg "is a pickle, ...: export ..." when the file that begins with `head` is one of them.
Status CheckIsNoOtherFile(std::string_view head);

}  // namespace neso
