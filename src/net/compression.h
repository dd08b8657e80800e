// gzip and deflate (zlib format) bodies, both ways, and which of them a client wants.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/status.h"

namespace neso::net {

enum class ContentEncoding { kIdentity, kGzip, kDeflate };

// "gzip" or "deflate"; empty for identity.
const char* ContentEncodingName(ContentEncoding encoding);

// The encoding a Content-Encoding header names; identity when there is no header. The names are compared exactly.
// Error: kUnsupported "Unsupported compression type".
Expected<ContentEncoding> ParseContentEncoding(bool has_header, std::string_view value);

// The encoding for an answer to this Accept-Encoding header: of identity, gzip and deflate the one with the highest
// weight, the first among equals. Names are case-sensitive, "*" is not understood, a weight of 0 or nonsense is "not
// acceptable".
ContentEncoding ChooseResponseEncoding(std::string_view accept_encoding);

// Inflates gzip or zlib data, whichever it is. What could be inflated before an error is the result (null if that is
// nothing). Byte `aligned_offset` of the result falls on a 64-byte border.
// Errors: kInvalidArg when the result would be longer than `max_bytes`; kUnavailable when there is no memory for it, or
// none left of the budget. `*complete` tells whether `data` was exactly one
// undamaged stream.
Expected<BufferRef> Decompress(std::span<const char> data, size_t max_bytes, size_t aligned_offset = 0,
                               bool* complete = nullptr);

// Compresses the concatenation of `pieces` with zlib's default level. Error: kInternal; send the body plain then.
Expected<std::string> Compress(ContentEncoding encoding, std::span<const std::string_view> pieces);

}  // namespace neso::net
