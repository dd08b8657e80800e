// Forms of bytes in a signature file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace neso::signature {

using Bytes = std::vector<unsigned char>;

std::string Hex(std::span<const unsigned char> bytes);  // lower-case
std::string Base64(std::span<const unsigned char> bytes);
// Nothing for what is not Base64.
std::optional<Bytes> FromBase64(std::string_view text);

// A path as one word of printable ASCII: spaces, "%" and all that is not printable ASCII as "%20" and the like. Different
// paths have different forms.
std::string Escaped(std::string_view path);

}  // namespace neso::signature
