// Text that a JSON file can hold.
#pragma once

#include <string>
#include <string_view>

namespace neso {

// Valid UTF-8: `text` as it is if it is valid, otherwise with the character of its number (Latin-1) for every byte that
// belongs to none. Source: RFC 3629, section 4.
std::string ToUtf8(std::string_view text);

}  // namespace neso
