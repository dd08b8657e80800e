#include "frontend/log_settings_change.h"

#include <algorithm>
#include <climits>

#include "base/log_json.h"

namespace neso {

const char* LogFormatName(LogFormat format) {
  if (format == log::kJsonFormat) return "json";
  return format == LogFormat::kIso8601 ? "ISO8601" : "default";
}

std::optional<bool>* LogSettingsChange::Flag(std::string_view name) {
  if (name == "log_info") return &info_;
  if (name == "log_warning") return &warning_;
  if (name == "log_error") return &error_;
  return nullptr;
}

void LogSettingsChange::SetVerboseLevel(uint64_t level) {
  verbose_level_ = static_cast<int>(std::min<uint64_t>(level, INT_MAX));
}

bool LogSettingsChange::SetFormat(std::string_view text) {
  for (const LogFormat format : {LogFormat::kDefault, LogFormat::kIso8601, log::kJsonFormat}) {
    if (text != LogFormatName(format)) continue;
    format_ = format;
    return true;
  }
  return false;
}

void LogSettingsChange::Apply() const {
  if (info_) log::SetInfo(*info_);
  if (warning_) log::SetWarning(*warning_);
  if (error_) log::SetError(*error_);
  if (verbose_level_) log::SetVerboseLevel(*verbose_level_);
  if (format_) log::SetFormat(*format_);
}

Status LogFileIsFixed() { return Unsupported("log file location can not be updated through network protocol"); }

}  // namespace neso
