// Content codings of HTTP bodies (RFC 9110 section 8.4): gzip and deflate on zlib, and the choice among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/status.h"
#include "net/http_exchange.h"

namespace neso::net {

enum class ContentCoding : uint8_t { kIdentity, kGzip, kDeflate };

// "identity", "gzip", "deflate".
const char* ContentCodingName(ContentCoding coding);

// The value of a Content-Encoding header, compared exactly. Error: kUnsupported "Unsupported compression type".
Expected<ContentCoding> ParseContentEncoding(std::string_view value);

// What to send to a client with this Accept-Encoding: the highest weight among the three names wins, the first wins ties;
// names are case-sensitive, "*" is not understood, a weight of 0 or one that is no number is not chosen.
ContentCoding ChooseContentCoding(std::string_view accept_encoding);

// Inflates gzip or zlib data, whichever it is. Corrupt or truncated data is no error: what could be inflated is the result.
// Error: kInvalidArg "Decompressed data size exceeds the maximum allowed value of L bytes. Use --http-max-input-size to
// increase the limit."
Expected<BufferRef> Decompress(std::string_view data, size_t max_bytes);

// The parts as one compressed body, at zlib's default level. Error: kInternal with zlib's reason.
Expected<std::string> Compress(ContentCoding coding, std::span<const BodyPart> parts);

}  // namespace neso::net
