// Puts a file in the place of another at once: whoever opens the name finds the old one or the new one, whole.
//
//   RETURN_IF_ERROR(ReplaceFile("/etc/neso/keys.json", text));
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

// A new file is its owner's alone to read; one that is replaced hands on its mode, and its owner where that is allowed.
// Links are followed. When it returns the file has reached the disk. Error: kInternal that names the file.
Status ReplaceFile(const std::string& path, std::string_view text);

}  // namespace neso
