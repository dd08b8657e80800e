#include "settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace neso::redis_cache {
namespace {

using backend::Result;
using backend::Status;

constexpr const char* kFailed = "Failed to initialize RedisCache: ";
constexpr std::string_view kNames[] = {
    "host",           "port",      "user",         "password",    "db",          "connect_timeout",
    "socket_timeout", "pool_size", "wait_timeout", "ttl_seconds", "tls_enabled", "cacert",
    "cacert_dir",     "cert",      "key",          "sni"};

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

// Leaves `text` alone when there is no such setting.
Status ReadText(const rapidjson::Value& json, const char* name, std::string& text) {
  if (backend::FindMember(json, name) == nullptr) return {};
  text = TextOf(json, name);
  return text.empty() ? Status::InvalidArg(kFailed, "'", name, "': expected a text, got none") : Status();
}

Result<bool> ReadTlsEnabled(const rapidjson::Value& json) {
  const rapidjson::Value* const value = backend::FindMember(json, "tls_enabled");
  if (value == nullptr) return false;
  if (value->IsBool()) return value->GetBool();
  const std::string text = TextOf(json, "tls_enabled");
  if (text == "true" || text == "false") return text == "true";
  return Status::InvalidArg(kFailed, "'tls_enabled': expected 'true' or 'false', got '", text, "'");
}

Status ReadTls(const rapidjson::Value& json, Settings& settings) {
  NESO_ASSIGN_OR_RETURN(const bool is_enabled, ReadTlsEnabled(json));
  if (!is_enabled) {
    // Who names whom to trust does not mean to speak in the clear; who says 'false' does.
    if (backend::FindMember(json, "tls_enabled") != nullptr) return {};
    for (const char* const name : {"cert", "key", "cacert", "cacert_dir", "sni"}) {
      if (backend::FindMember(json, name) == nullptr) continue;
      return Status::InvalidArg(kFailed, "'", name, "' is for TLS: expected 'tls_enabled', too, 'true' or 'false'");
    }
    return {};
  }
  TlsSettings tls;
  tls.name = settings.host;
  NESO_RETURN_IF_ERROR(ReadText(json, "sni", tls.name));
  NESO_RETURN_IF_ERROR(ReadText(json, "cacert", tls.roots_file));
  NESO_RETURN_IF_ERROR(ReadText(json, "cacert_dir", tls.roots_folder));
  NESO_RETURN_IF_ERROR(ReadText(json, "cert", tls.certificate_file));
  NESO_RETURN_IF_ERROR(ReadText(json, "key", tls.key_file));
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return Status::InvalidArg(kFailed, "expected 'cert' and 'key' together, got only '",
                              tls.key_file.empty() ? "cert" : "key", "'");
  }
  settings.tls = std::move(tls);
  return {};
}

// A word mistyped could mean that nothing is encrypted.
Status RefuseUnknown(const rapidjson::Value& json) {
  if (!json.IsObject()) return {};
  for (const auto& member : json.GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) continue;
    std::string names;
    for (const std::string_view known : kNames) names += backend::Concat(names.empty() ? "" : ", ", known);
    return Status::InvalidArg(kFailed, "unknown setting '", name, "': expected one of ", names);
  }
  return {};
}

}  // namespace

Result<Settings> ReadSettings(const rapidjson::Value& json) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  NESO_RETURN_IF_ERROR(RefuseUnknown(json));
  Settings settings;
  settings.host = TextOf(json, "host");
  NESO_RETURN_IF_ERROR(ReadNumber(json, "port", 1, 65535, settings.port));
  if (settings.host.empty() || settings.port == 0) {
    return Status::InvalidArg(kFailed, "expected the settings 'host' and 'port'");
  }
  NESO_RETURN_IF_ERROR(ReadTls(json, settings));
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
