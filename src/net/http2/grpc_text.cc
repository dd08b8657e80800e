#include "net/http2/grpc_text.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace neso::net {

bool IsGrpcContentType(std::string_view type) {
  constexpr std::string_view kType = "application/grpc";
  if (!type.starts_with(kType)) return false;
  type.remove_prefix(kType.size());
  return type.empty() || type.front() == '+' || type.front() == ';';
}

std::optional<Nanoseconds> ParseGrpcTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  int64_t count = 0;
  const char* const unit = text.data() + text.size() - 1;
  const auto [end, failure] = std::from_chars(text.data(), unit, count);
  if (failure != std::errc() || end != unit || count < 0) return std::nullopt;
  switch (*unit) {
    case 'H': return std::chrono::hours(std::min<int64_t>(count, 1'000'000));  // a century, which nanoseconds can count
    case 'M': return std::chrono::minutes(count);
    case 'S': return std::chrono::seconds(count);
    case 'm': return std::chrono::milliseconds(count);
    case 'u': return std::chrono::microseconds(count);
    case 'n': return Nanoseconds(count);
    default: return std::nullopt;
  }
}

std::string GrpcTimeoutText(Nanoseconds timeout) {
  constexpr int64_t kMost = 99'999'999;
  struct Unit {
    Nanoseconds size;
    char letter;
  };
  constexpr Unit kUnits[] = {{Nanoseconds(1), 'n'},
                             {std::chrono::microseconds(1), 'u'},
                             {std::chrono::milliseconds(1), 'm'},
                             {std::chrono::seconds(1), 'S'},
                             {std::chrono::minutes(1), 'M'}};
  timeout = std::max(timeout, Nanoseconds(0));
  for (const Unit& unit : kUnits) {
    const int64_t count = timeout / unit.size + (timeout % unit.size != Nanoseconds(0) ? 1 : 0);
    if (count <= kMost) return std::to_string(count) + unit.letter;
  }
  return std::to_string(std::chrono::ceil<std::chrono::hours>(timeout).count()) + 'H';
}

std::optional<GrpcCode> ParseGrpcCode(std::string_view text) {
  int number = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number < 0 || number > static_cast<int>(GrpcCode::kUnauthenticated)) return std::nullopt;
  return static_cast<GrpcCode>(number);
}

std::string_view GrpcCodeName(GrpcCode code) {
  constexpr std::string_view kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  const auto number = static_cast<size_t>(code);
  return kNames[number < std::size(kNames) ? number : static_cast<size_t>(GrpcCode::kUnknown)];
}

std::string_view GrpcCodeText(GrpcCode code) {
  constexpr std::string_view kTexts[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                         "9", "10", "11", "12", "13", "14", "15", "16"};
  const auto number = static_cast<size_t>(code);
  return kTexts[number < std::size(kTexts) ? number : static_cast<size_t>(GrpcCode::kUnknown)];
}

namespace {

// How many bytes of `text` are the character at its front; one of what is no UTF-8.
size_t CharacterBytes(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && size < 4 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) size++;
  return static_cast<unsigned char>(text.front()) >= 0xc0 ? size : 1;
}

void AppendEncoded(std::string_view text, std::string* encoded) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x20 && u <= 0x7e && c != '%') {
      *encoded += c;
    } else {
      *encoded += {'%', kHex[u >> 4], kHex[u & 15]};
    }
  }
}

}  // namespace

std::string EncodeGrpcMessage(std::string_view text) {
  constexpr std::string_view kCut = "...";
  std::string encoded;
  encoded.reserve(std::min(text.size(), kMaxGrpcMessageBytes));
  size_t fits_before_cut = 0;
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    AppendEncoded(text.substr(0, size), &encoded);
    text.remove_prefix(size);
    if (encoded.size() > kMaxGrpcMessageBytes) return encoded.replace(fits_before_cut, std::string::npos, kCut);
    if (encoded.size() + kCut.size() <= kMaxGrpcMessageBytes) fits_before_cut = encoded.size();
  }
  return encoded;
}

ContentEncoding ChooseGrpcEncoding(GrpcCompression level, std::string_view accept_encoding) {
  if (level == GrpcCompression::kNone) return ContentEncoding::kIdentity;
  bool gzip = false;
  bool deflate = false;
  while (!accept_encoding.empty()) {
    const size_t comma = accept_encoding.find(',');
    std::string_view name = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size() : comma + 1);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    gzip |= name == "gzip";
    deflate |= name == "deflate";
  }
  if (gzip && (level == GrpcCompression::kLow || !deflate)) return ContentEncoding::kGzip;
  return deflate ? ContentEncoding::kDeflate : ContentEncoding::kIdentity;
}

}  // namespace neso::net
