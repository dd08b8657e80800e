// Base64 (RFC 4648 section 4), for files and handles that travel inside JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

std::string EncodeBase64(std::string_view bytes);

// Line ends and blanks are skipped, padding may be missing. Error: kInvalidArg naming the first bad character's place.
Expected<std::string> DecodeBase64(std::string_view text);

}  // namespace neso
