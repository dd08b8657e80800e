#include "net/compression.h"

#define ZLIB_CONST
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstring>
#include <utility>

namespace neso::net {
namespace {

constexpr int kDetectFormat = 15 + 32;  // zlib's window bits for "gzip or zlib, look yourself"
constexpr int kGzipFormat = 15 + 16;
constexpr int kZlibFormat = 15;
constexpr size_t kFirstGuess = 16 * 1024;

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// zlib counts in 32 bits.
uInt Clamp(size_t bytes) { return static_cast<uInt>(std::min<size_t>(bytes, INT_MAX)); }

// The weight of one item of Accept-Encoding, "gzip;q=0.5"; 0 if it is not acceptable.
double Weight(std::string_view parameters) {
  parameters = Trim(parameters);
  if (parameters.empty()) return 1.0;
  if (!parameters.starts_with("q=")) return 0.0;
  parameters.remove_prefix(2);
  double weight = 0.0;
  const auto [end, failure] = std::from_chars(parameters.data(), parameters.data() + parameters.size(), weight);
  return failure == std::errc() && weight > 0.0 ? weight : 0.0;
}

Status TooLong(size_t max_bytes) {
  return InvalidArg(
      "Decompressed data size exceeds the maximum allowed value of {} bytes. Use --http-max-input-size to increase the "
      "limit.",
      max_bytes);
}

BufferRef Grow(const BufferRef& old, size_t used, size_t size, size_t aligned_offset) {
  BufferRef larger = Buffer::TryAllocate(size, aligned_offset % kTensorAlignment, BufferCharge::kWithinBudget);
  if (larger && used > 0) std::memcpy(larger->data(), old->data(), used);
  return larger;
}

}  // namespace

const char* ContentEncodingName(ContentEncoding encoding) {
  switch (encoding) {
    case ContentEncoding::kGzip: return "gzip";
    case ContentEncoding::kDeflate: return "deflate";
    case ContentEncoding::kIdentity: break;
  }
  return "";
}

Expected<ContentEncoding> ParseContentEncoding(bool has_header, std::string_view value) {
  if (!has_header || value == "identity") return ContentEncoding::kIdentity;
  if (value == "gzip") return ContentEncoding::kGzip;
  if (value == "deflate") return ContentEncoding::kDeflate;
  return Unsupported("Unsupported compression type");
}

ContentEncoding ChooseResponseEncoding(std::string_view accept_encoding) {
  ContentEncoding best = ContentEncoding::kIdentity;
  double best_weight = 0.0;
  while (!accept_encoding.empty()) {
    const size_t comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size() : comma + 1);
    const size_t semicolon = item.find(';');
    const std::string_view name = Trim(item.substr(0, semicolon));
    const double weight = semicolon == std::string_view::npos ? 1.0 : Weight(item.substr(semicolon + 1));
    if (weight <= best_weight) continue;
    if (name == "identity" || name == "gzip" || name == "deflate") {
      best_weight = weight;
      best = name == "gzip"      ? ContentEncoding::kGzip
             : name == "deflate" ? ContentEncoding::kDeflate
                                 : ContentEncoding::kIdentity;
    }
  }
  return best;
}

Expected<BufferRef> Decompress(std::span<const char> data, size_t max_bytes, size_t aligned_offset, bool* complete) {
  if (complete != nullptr) *complete = false;
  z_stream stream{};
  if (inflateInit2(&stream, kDetectFormat) != Z_OK) return Internal("cannot start decompression");
  stream.next_in = reinterpret_cast<const Bytef*>(data.data());
  size_t left = data.size();
  BufferRef result;
  size_t used = 0;
  Status failure;
  for (;;) {
    if (!result || used == result->size()) {
      // One byte above the limit is enough to see that it is passed.
      const size_t wanted = std::max({kFirstGuess, data.size() > SIZE_MAX / 8 ? 0 : data.size() * 3, used * 2});
      const size_t size =
          std::max(std::min(wanted, max_bytes == SIZE_MAX ? SIZE_MAX : max_bytes + 1), kTensorAlignment);
      BufferRef larger = Grow(result, used, size, aligned_offset);
      if (!larger) {
        failure = Unavailable("the server has no memory for {} bytes of decompressed data now; try again later", size);
        break;
      }
      result = std::move(larger);
    }
    const uInt in = Clamp(left);
    const uInt out = Clamp(result->size() - used);
    stream.avail_in = in;
    stream.next_out = reinterpret_cast<Bytef*>(result->data() + used);
    stream.avail_out = out;
    const int state = inflate(&stream, Z_NO_FLUSH);
    left -= in - stream.avail_in;
    used += out - stream.avail_out;
    if (used > max_bytes) {
      failure = TooLong(max_bytes);
      break;
    }
    if (complete != nullptr) *complete = state == Z_STREAM_END && left == 0;
    const bool stuck = stream.avail_out == out && stream.avail_in == in;
    if (state != Z_OK || stuck) break;  // the end, or damage: what came before it is the body
  }
  inflateEnd(&stream);
  RETURN_IF_ERROR(std::move(failure));
  if (used == 0) return BufferRef();
  result->Shrink(used);
  return result;
}

Expected<std::string> Compress(ContentEncoding encoding, std::span<const std::string_view> pieces) {
  z_stream stream{};
  const int format = encoding == ContentEncoding::kGzip ? kGzipFormat : kZlibFormat;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Internal("cannot start compression");
  }
  std::string result;
  const auto pump = [&](int flush) {
    int state = Z_OK;
    do {
      const size_t used = result.size();
      result.resize(used + std::max<size_t>(kFirstGuess, used / 2));
      const uInt room = Clamp(result.size() - used);
      stream.next_out = reinterpret_cast<Bytef*>(result.data() + used);
      stream.avail_out = room;
      state = deflate(&stream, flush);
      result.resize(used + room - stream.avail_out);
    } while (state == Z_OK && stream.avail_out == 0);
    return state;
  };
  int state = Z_OK;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && (state == Z_OK || state == Z_BUF_ERROR)) {
      const std::string_view part = piece.substr(0, INT_MAX);
      stream.next_in = reinterpret_cast<const Bytef*>(part.data());
      stream.avail_in = static_cast<uInt>(part.size());
      state = pump(Z_NO_FLUSH);
      piece.remove_prefix(part.size());
    }
  }
  stream.avail_in = 0;
  state = pump(Z_FINISH);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) return Internal("compression failed");
  return result;
}

}  // namespace neso::net
