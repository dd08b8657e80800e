#include "client/access_key.h"

#include <algorithm>

#include "base/read_file.h"
#include "base/text.h"

namespace neso::client {
namespace {

constexpr size_t kMostKeyBytes = 64 << 10;
constexpr std::string_view kAuthorization = "authorization";

Expected<std::string> ReadKey(const std::string& given) {
  if (!given.starts_with('@')) return given;
  const Expected<std::string> text = ReadFile(given.substr(1), kMostKeyBytes);
  if (!text) return InvalidArg("--api-key {}: {}", given, text.error().message());
  std::string key(TrimBlanks(*text));
  if (key.empty() || key.find('\n') != std::string::npos)
    return InvalidArg("--api-key {}: expected a file with one line, the key that 'neso key create' prints", given);
  return key;
}

}  // namespace

Status AddAccessKey(const std::string& given, HttpHeaders& headers) {
  const bool has_other =
      std::ranges::any_of(headers, [](const auto& header) { return ToLowerAscii(header.first) == kAuthorization; });
  if (given.empty() || has_other) return {};
  ASSIGN_OR_RETURN(const std::string key, ReadKey(given));
  headers.emplace_back(kAuthorization, "Bearer " + key);
  return {};
}

}  // namespace neso::client
