// Text in UTF-8: the project's one idea of what that is. Source: RFC 3629, section 4.
//
//   if (!IsUtf8(name)) return InvalidArg(...);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace neso {

// Bytes of the character at the front of `text`; 0 when there is none: forms that are longer than needed, surrogates
// and numbers beyond Unicode are none. Precondition: `text` is not empty.
size_t Utf8CharacterSize(std::string_view text);

bool IsUtf8(std::string_view text);

// `text` as it is if it is valid, otherwise with the character of its number (Latin-1) for every byte that belongs to
// none: text that a JSON file can hold.
std::string ToUtf8(std::string_view text);

// `text` without the bytes that belong to no character.
std::string OnlyUtf8(std::string_view text);

}  // namespace neso
