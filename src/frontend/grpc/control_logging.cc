// LogSettings.
#include "frontend/grpc/control_service.h"
#include "frontend/log_settings_change.h"

namespace neso {
namespace {

using SettingValue = inference::LogSettingsRequest::SettingValue;

// Unknown names change nothing.
Status Take(const std::string& name, const SettingValue& value, LogSettingsChange& change) {
  if (name == "log_file") return LogFileIsFixed();
  if (name == "log_verbose_level") {
    if (!value.has_uint32_param()) return InvalidArg("expect int32 for '{}'", name);
    change.SetVerboseLevel(value.uint32_param());
  } else if (name == "log_format") {
    if (!value.has_string_param()) return InvalidArg("expect string for '{}'", name);
    if (!change.SetFormat(value.string_param())) {
      return InvalidArg("invalid argument for log_format, got: {}", value.string_param());
    }
  } else if (std::optional<bool>* const flag = change.Flag(name); flag != nullptr) {
    if (!value.has_bool_param()) return InvalidArg("expect boolean for '{}'", name);
    *flag = value.bool_param();
  }
  return {};
}

}  // namespace

Status ControlService::LogSettings(const inference::LogSettingsRequest& request,
                                   inference::LogSettingsResponse& response) {
  LogSettingsChange change;
  for (const auto& [name, value] : request.settings()) RETURN_IF_ERROR(Take(name, value, change));
  change.Apply();

  const neso::LogSettings now = log::Settings();
  auto& settings = *response.mutable_settings();
  settings["log_file"].set_string_param(now.file);
  settings["log_info"].set_bool_param(now.info);
  settings["log_warning"].set_bool_param(now.warning);
  settings["log_error"].set_bool_param(now.error);
  settings["log_verbose_level"].set_uint32_param(static_cast<uint32_t>(now.verbose_level));
  settings["log_format"].set_string_param(LogFormatName(now.format));
  return {};
}

}  // namespace neso
