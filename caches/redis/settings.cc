#include "settings.h"

#include <charconv>
#include <cstdlib>
#include <limits>

namespace neso::redis_cache {
namespace {

using backend::Result;
using backend::Status;

constexpr const char* kFailed = "Failed to initialize RedisCache: ";

// All settings are texts; numbers are taken from embedders, too.
std::string TextOf(const rapidjson::Value& json, const char* name) {
  const rapidjson::Value* const value = backend::FindMember(json, name);
  if (value == nullptr) return {};
  if (value->IsString()) return {value->GetString(), value->GetStringLength()};
  return value->IsUint64() ? std::to_string(value->GetUint64()) : std::string();
}

// Leaves `number` alone when there is no such setting.
template <typename Number>
Status ReadNumber(const rapidjson::Value& json, const char* name, int64_t least, int64_t most, Number& number) {
  const std::string text = TextOf(json, name);
  if (text.empty() && backend::FindMember(json, name) == nullptr) return {};
  int64_t read = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (error != std::errc() || end != text.data() + text.size() || read < least || read > most) {
    return Status::InvalidArg(kFailed, "'", name, "': expected a number from ", least, " to ", most, ", got '", text,
                              "'");
  }
  number = Number(read);
  return {};
}

std::string FromEnvironment(const char* name, std::string fallback) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::move(fallback) : value;
}

}  // namespace

Result<Settings> ReadSettings(const rapidjson::Value& json) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  Settings settings;
  settings.host = TextOf(json, "host");
  NESO_RETURN_IF_ERROR(ReadNumber(json, "port", 1, 65535, settings.port));
  if (settings.host.empty() || settings.port == 0) {
    return Status::InvalidArg(kFailed, "expected the settings 'host' and 'port'");
  }
  if (const std::string tls = TextOf(json, "tls_enabled"); !tls.empty() && tls != "false") {
    return Status::Unsupported(kFailed, "'tls_enabled': this cache does not speak TLS; a proxy beside it does");
  }
  settings.user = TextOf(json, "user");
  if (settings.user.empty()) settings.user = FromEnvironment("TRITONCACHE_REDIS_USERNAME", "default");
  settings.password = TextOf(json, "password");
  if (settings.password.empty()) settings.password = FromEnvironment("TRITONCACHE_REDIS_PASSWORD", "");
  NESO_RETURN_IF_ERROR(ReadNumber(json, "db", 0, kMost, settings.database));
  NESO_RETURN_IF_ERROR(ReadNumber(json, "connect_timeout", 0, kMost, settings.connect_timeout));
  NESO_RETURN_IF_ERROR(ReadNumber(json, "socket_timeout", 0, kMost, settings.socket_timeout));
  NESO_RETURN_IF_ERROR(ReadNumber(json, "pool_size", 1, 1024, settings.pool_size));
  NESO_RETURN_IF_ERROR(ReadNumber(json, "wait_timeout", 0, kMost, settings.wait_timeout));
  NESO_RETURN_IF_ERROR(ReadNumber(json, "ttl_seconds", 0, kMost, settings.time_to_live));
  return settings;
}

}  // namespace neso::redis_cache
