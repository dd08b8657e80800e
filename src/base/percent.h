// Percent-encoding of URLs. Source: RFC 3986, 2.1.
#pragma once

#include <string>
#include <string_view>

namespace neso {

// "%2F" becomes "/", in either case; a '%' that begins no such byte stays as it is.
std::string DecodePercents(std::string_view text);

// As one segment of a path: all but letters, digits, '-', '.', '_' and '~' are encoded.
std::string EncodePercents(std::string_view text);

}  // namespace neso
