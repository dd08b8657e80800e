#include "object_store/sigv4.h"

#include <ctime>
#include <map>

#include "base/text.h"
#include "object_store/digest.h"
#include "object_store/store_url.h"

namespace neso::object_store {
namespace {

std::string Utc(const char* format, std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof(text), format, &parts)};
}

}  // namespace

void SignAws(const AwsKey& key, const std::string& region, const std::string& service,
             std::chrono::system_clock::time_point now, const std::string& path, const std::string& query,
             HttpRequest& request) {
  const std::string time = Utc("%Y%m%dT%H%M%SZ", now);
  const std::string day = time.substr(0, 8);
  const std::string body_digest = Hex(Sha256(request.body));
  request.headers.emplace_back("x-amz-content-sha256", body_digest);
  request.headers.emplace_back("x-amz-date", time);
  if (!key.session_token.empty()) request.headers.emplace_back("x-amz-security-token", key.session_token);

  std::map<std::string, std::string> headers = {{"host", std::string(AuthorityOf(request.url))}};
  for (const auto& [name, value] : request.headers) headers[ToLowerAscii(name)] = TrimBlanks(value);
  std::string canonical_headers, signed_headers;
  for (const auto& [name, value] : headers) {
    canonical_headers += name + ":" + value + "\n";
    signed_headers += (signed_headers.empty() ? "" : ";") + name;
  }
  const std::string canonical = request.method + "\n" + path + "\n" + query + "\n" + canonical_headers + "\n" +
                                signed_headers + "\n" + body_digest;
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, Hex(Sha256(canonical)));

  std::string derived = HmacSha256("AWS4" + key.secret, day);
  for (const std::string& part : {region, service, std::string("aws4_request")}) derived = HmacSha256(derived, part);
  request.headers.emplace_back(
      "Authorization", fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", key.id, scope,
                                   signed_headers, Hex(HmacSha256(derived, to_sign))));
}

}  // namespace neso::object_store
