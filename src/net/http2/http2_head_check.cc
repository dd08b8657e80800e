#include "net/http2/http2_head_check.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace neso::net {
namespace {

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
bool IsName(std::string_view name) { return nghttp2_check_header_name(Bytes(name), name.size()) != 0; }
bool IsValue(std::string_view value) { return nghttp2_check_header_value(Bytes(value), value.size()) != 0; }
bool IsMethod(std::string_view value) { return nghttp2_check_method(Bytes(value), value.size()) != 0; }
bool IsPath(std::string_view value) { return !value.empty() && nghttp2_check_path(Bytes(value), value.size()) != 0; }
bool IsBlank(std::string_view value) { return value.find_first_not_of(" \t") == std::string_view::npos; }
bool IsAuthority(std::string_view value) {
  return !IsBlank(value) && nghttp2_check_authority(Bytes(value), value.size()) != 0;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// RFC 3986, 3.1.
bool IsScheme(std::string_view value) {
  return !value.empty() && IsLetter(value[0]) && std::all_of(value.begin() + 1, value.end(), [](char c) {
    return IsLetter(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
  });
}

// They say how HTTP/1.1 uses its connection (RFC 9113, 8.2.2).
bool IsOfConnection(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames{"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                                   "upgrade"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

bool Http2HeadCheck::Accept(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) return !has_others_ && AcceptPseudo(name, value);
  has_others_ = true;
  if (!IsName(name)) return false;
  if (name == "host") return IsAuthority(value) && !std::exchange(has_host_, true);
  if (name == "content-length") return AcceptContentLength(value);
  if (name == "te") return EqualsIgnoreCaseAscii(value, "trailers");
  return IsValue(value) && !IsOfConnection(name);
}

bool Http2HeadCheck::AcceptPseudo(std::string_view name, std::string_view value) {
  bool is_fine = false;
  if (name == ":method") {
    is_fine = IsMethod(value) && !std::exchange(has_method_, true);
    is_connect_ = value == "CONNECT";
    is_options_ = value == "OPTIONS";
  } else if (name == ":scheme") {
    is_fine = IsScheme(value) && !std::exchange(has_scheme_, true);
    is_http_ = EqualsIgnoreCaseAscii(value, "http") || EqualsIgnoreCaseAscii(value, "https");
  } else if (name == ":authority") {
    is_fine = IsAuthority(value) && !std::exchange(has_authority_, true);
  } else if (name == ":path") {
    is_fine = IsPath(value) && !std::exchange(has_path_, true);
    is_rooted_ = value.starts_with('/');
    is_asterisk_ = value == "*";
  }
  return is_fine;
}

bool Http2HeadCheck::AcceptContentLength(std::string_view value) {
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  const bool is_number = error == std::errc() && end == value.data() + value.size() && length <= INT64_MAX;
  if (!is_number || content_length_) return false;
  content_length_ = length;
  return true;
}

bool Http2HeadCheck::IsRequest() const {
  if (is_connect_) return has_authority_ && !has_scheme_ && !has_path_;
  if (!has_method_ || !has_scheme_ || !has_path_ || !(has_authority_ || has_host_)) return false;
  return !is_http_ || is_rooted_ || (is_options_ && is_asterisk_);
}

bool Http2HeadCheck::IsTrailer(std::string_view name, std::string_view value) {
  Http2HeadCheck check;
  return !name.starts_with(':') && check.Accept(name, value);
}

}  // namespace neso::net
