#include "frontend/http/binary_framing.h"

#include <algorithm>
#include <charconv>
#include <climits>

#include "base/text.h"

namespace neso {
namespace {

constexpr std::string_view kHeader = "Inference-Header-Content-Length";
constexpr std::string_view kContentType = "Content-Type";

// The number at the front of `text`, as C's functions read it ("12abc" is 12).
std::errc ReadNumber(std::string_view text, int& number) {
  std::string_view digits = TrimBlanks(text);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  return std::from_chars(digits.data(), digits.data() + digits.size(), number).ec;
}

Status OutOfRange(size_t body_bytes, std::string_view got) {
  return InvalidArg("inference header size should be in range (0, {}), got: {}", body_bytes, got);
}

Expected<std::optional<size_t>> LengthFromHeader(std::string_view text, size_t body_bytes) {
  int length = 0;
  const std::errc error = ReadNumber(text, length);
  if (error == std::errc::result_out_of_range) {
    return InvalidArg("Unable to parse {}, value is out of range [ {}, {} ], got: {}", kHeader, INT_MIN, INT_MAX, text);
  }
  if (error != std::errc{}) return InvalidArg("Unable to parse {}, got: {}", kHeader, text);
  if (length < 0 || static_cast<size_t>(length) > body_bytes) return OutOfRange(body_bytes, std::to_string(length));
  return std::optional<size_t>(length);
}

// What stands behind `prefix`, which is a media type and the name of a parameter of it ("a/b;n="), in `type`; null if
// it is not that type or has no such parameter. There may be blanks, and other parameters, before the name (RFC 9110).
std::string_view ParameterOf(std::string_view type, std::string_view prefix) {
  const size_t semicolon = prefix.find(';');
  const std::string_view name = prefix.substr(semicolon + 1);
  if (!type.starts_with(prefix.substr(0, semicolon))) return {};
  type.remove_prefix(semicolon);
  while (true) {
    type = TrimBlanks(type);
    if (!type.starts_with(';')) return {};
    type = TrimBlanks(type.substr(1));
    if (type.starts_with(name)) return type.substr(name.size());
    type.remove_prefix(std::min(type.find(';'), type.size()));
  }
}

Expected<std::optional<size_t>> LengthFromContentType(std::string_view type, std::string_view prefix,
                                                      size_t body_bytes) {
  const std::string_view text = ParameterOf(type, prefix);
  if (text.data() == nullptr) {
    if (type.find(prefix) == std::string_view::npos) return std::optional<size_t>();
    return InvalidArg("expect MIME type for binary data starts with '{}', got: {}", prefix, type);
  }
  int length = 0;  // what is no number is taken for 0, a raw body (contract)
  const bool too_large = ReadNumber(text, length) == std::errc::result_out_of_range;
  if (too_large || length < 0 || static_cast<size_t>(length) > body_bytes) return OutOfRange(body_bytes, text);
  return std::optional<size_t>(length);
}

}  // namespace

Expected<std::optional<size_t>> BinaryFraming::JsonLength(const net::HttpHead& head, size_t body_bytes) const {
  const std::string_view text = head.Find(prefix_.empty() ? kHeader : kContentType);
  if (text.data() == nullptr) return std::optional<size_t>();
  return prefix_.empty() ? LengthFromHeader(text, body_bytes) : LengthFromContentType(text, prefix_, body_bytes);
}

size_t BinaryFraming::JsonLengthHint(const net::HttpHead& head) const {
  const std::string_view text = prefix_.empty() ? head.Find(kHeader) : ParameterOf(head.Find(kContentType), prefix_);
  size_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

void BinaryFraming::Announce(size_t json_bytes, net::HttpResponse& answer) const {
  const std::string number = std::to_string(json_bytes);
  if (answers_ == AnswerFraming::kContentType) {
    answer.content_type = nullptr;
    answer.headers.emplace_back(kContentType, std::string(prefix_) + number);
    return;
  }
  answer.content_type = "application/octet-stream";
  answer.headers.emplace_back(kHeader, number);
}

}  // namespace neso
