// Writes files that people asked for: they may be read by whom the umask says, unlike what ReplaceFile makes.
//
//   RETURN_IF_ERROR(WriteFile("out/config.pbtxt", text));
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

// In the place of what the file had. Error: kUnavailable "cannot write <path>: <reason>", after which it may have some.
Status WriteFile(const std::string& path, std::string_view text);

}  // namespace neso
