// Whether the fields of a request are what RFC 9113, 8.2 and 8.3 ask for. Feed it one head's fields in their order:
//
//   Http2HeadCheck check;
//   if (!check.Accept(name, value)) ...
//   if (!check.IsRequest()) ...
//
// nghttp2 can do the same (its HTTP messaging, which is off here), on every head; most are the one before again.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace neso::net {

class Http2HeadCheck {
 public:
  // False: the request is malformed, and its stream is to be reset with PROTOCOL_ERROR.
  bool Accept(std::string_view name, std::string_view value);
  // After the last field: whether nothing is missing.
  bool IsRequest() const;
  // What the request says of its body.
  std::optional<uint64_t> content_length() const { return is_connect_ ? std::nullopt : content_length_; }

  // Of what comes behind a request's body.
  static bool IsTrailer(std::string_view name, std::string_view value);

 private:
  bool AcceptPseudo(std::string_view name, std::string_view value);
  bool AcceptContentLength(std::string_view value);

  bool has_method_ = false;
  bool has_scheme_ = false;
  bool has_path_ = false;
  bool has_authority_ = false;  // as ":authority"
  bool has_host_ = false;
  bool has_others_ = false;  // fields that are not pseudo-fields
  bool is_connect_ = false;
  bool is_options_ = false;
  bool is_http_ = false;      // the scheme is http or https
  bool is_asterisk_ = false;  // the path is "*"
  bool is_rooted_ = false;    // the path begins with '/'
  std::optional<uint64_t> content_length_;
};

}  // namespace neso::net
