#include "frontend/http/log_settings.h"

#include "base/json.h"
#include "frontend/http/json_access.h"
#include "frontend/log_settings_change.h"

namespace neso {
namespace {

// The member, unless it is missing or null.
const JsonValue* FindSet(const JsonValue& object, std::string_view name) {
  const JsonValue* const value = FindMember(object, name);
  return value == nullptr || value->IsNull() ? nullptr : value;
}

void AppendFlag(std::string& json, const char* name, bool value) {
  fmt::format_to(std::back_inserter(json), ",\"{}\":{}", name, value);
}

}  // namespace

std::string LogSettingsJson() {
  const LogSettings settings = log::Settings();
  std::string json = "{\"log_file\":";
  AppendJsonString(json, settings.file);
  AppendFlag(json, "log_info", settings.info);
  AppendFlag(json, "log_warning", settings.warning);
  AppendFlag(json, "log_error", settings.error);
  json += ",\"log_verbose_level\":";
  AppendJsonInt(json, settings.verbose_level);
  json += ",\"log_format\":";
  AppendJsonString(json, LogFormatName(settings.format));
  json.push_back('}');
  return json;
}

Status ChangeLogSettings(std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  LogSettingsChange change;
  if (FindSet(document.root(), "log_file") != nullptr) return LogFileIsFixed();
  for (const char* name : {"log_info", "log_warning", "log_error"}) {
    const JsonValue* const value = FindSet(document.root(), name);
    if (value == nullptr) continue;
    ASSIGN_OR_RETURN(*change.Flag(name), AsBool(*value));
  }
  if (const JsonValue* const level = FindSet(document.root(), "log_verbose_level"); level != nullptr) {
    ASSIGN_OR_RETURN(const uint64_t number, AsUnsigned(*level));
    change.SetVerboseLevel(number);
  }
  if (const JsonValue* const format = FindSet(document.root(), "log_format"); format != nullptr) {
    ASSIGN_OR_RETURN(const std::string_view text, AsString(*format));
    if (!change.SetFormat(text)) return Unavailable("invalid argument for --log_format, got: {}", text);
  }
  change.Apply();
  return {};
}

}  // namespace neso
