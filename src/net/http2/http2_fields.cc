#include "net/http2/http2_fields.h"

#include <algorithm>

namespace neso::net {
namespace {

bool OnlyHttp1(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade" ||
         name == "proxy-connection" || name.empty() || name.front() == ':';
}

}  // namespace

void Http2Fields::AddForeign(std::string_view name, std::string_view value) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  if (OnlyHttp1(lower)) return;
  std::string clean(value);
  // A line break would start a field of somebody else's making once a proxy turns it into HTTP/1.1.
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }, ' ');
  const std::string& kept_name = *texts_.emplace_back(std::make_unique<std::string>(std::move(lower)));
  const std::string& kept_value = *texts_.emplace_back(std::make_unique<std::string>(std::move(clean)));
  Add(kept_name, kept_value, NGHTTP2_NV_FLAG_NONE);
}

}  // namespace neso::net
