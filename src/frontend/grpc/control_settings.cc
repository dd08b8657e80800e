// The RPCs of settings and of shared memory.
#include <climits>

#include "base/log.h"
#include "frontend/grpc/control_service.h"

namespace neso {
namespace {

using LogSetting = inference::LogSettingsRequest::SettingValue;

constexpr const char* kDefaultFormat = "default";
constexpr const char* kIso8601Format = "ISO8601";

Status SharedMemoryDisabled() {
  return Unsupported("Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.");
}

Status NoSuchRegion(const char* kind, const std::string& name) {
  return name.empty() ? Status() : NotFound("Unable to find {} shared memory region: '{}'", kind, name);
}

// Applied only when all of a request is right.
struct LogChanges {
  LogSettings settings;

  Status Take(const std::string& name, const LogSetting& value) {
    if (name == "log_file") return Unsupported("log file location can not be updated through network protocol");
    if (name == "log_info") return TakeBool(name, value, settings.info);
    if (name == "log_warning") return TakeBool(name, value, settings.warning);
    if (name == "log_error") return TakeBool(name, value, settings.error);
    if (name == "log_verbose_level") {
      if (!value.has_uint32_param() || value.uint32_param() > INT_MAX) return InvalidArg("expect int32 for '{}'", name);
      settings.verbose_level = static_cast<int>(value.uint32_param());
    } else if (name == "log_format") {
      if (!value.has_string_param()) return InvalidArg("expect string for '{}'", name);
      const std::string& format = value.string_param();
      if (format != kDefaultFormat && format != kIso8601Format) {
        return InvalidArg("invalid argument for log_format, got: {}", format);
      }
      settings.format = format == kDefaultFormat ? LogFormat::kDefault : LogFormat::kIso8601;
    }
    return {};
  }

  static Status TakeBool(const std::string& name, const LogSetting& value, bool& setting) {
    if (!value.has_bool_param()) return InvalidArg("expect boolean for '{}'", name);
    setting = value.bool_param();
    return {};
  }

  void Apply() const {
    log::SetInfo(settings.info);
    log::SetWarning(settings.warning);
    log::SetError(settings.error);
    log::SetVerboseLevel(settings.verbose_level);
    log::SetFormat(settings.format);
  }
};

}  // namespace

Status ControlService::LogSettings(const inference::LogSettingsRequest& request,
                                   inference::LogSettingsResponse& response) {
  LogChanges changes{.settings = log::Settings()};
  for (const auto& [name, value] : request.settings()) RETURN_IF_ERROR(changes.Take(name, value));
  if (!request.settings().empty()) changes.Apply();

  auto& settings = *response.mutable_settings();
  settings["log_file"].set_string_param(changes.settings.file);
  settings["log_info"].set_bool_param(changes.settings.info);
  settings["log_warning"].set_bool_param(changes.settings.warning);
  settings["log_error"].set_bool_param(changes.settings.error);
  settings["log_verbose_level"].set_uint32_param(static_cast<uint32_t>(changes.settings.verbose_level));
  settings["log_format"].set_string_param(changes.settings.format == LogFormat::kDefault ? kDefaultFormat
                                                                                         : kIso8601Format);
  return {};
}

Status ControlService::TraceSetting(const inference::TraceSettingRequest&, inference::TraceSettingResponse&) {
  return Unavailable("the server does not support tracing");
}

// Without regions, those that a client names are not there.
Status ControlService::SystemSharedMemoryStatus(const inference::SystemSharedMemoryStatusRequest& request,
                                                inference::SystemSharedMemoryStatusResponse&) {
  return NoSuchRegion("system", request.name());
}

Status ControlService::CudaSharedMemoryStatus(const inference::CudaSharedMemoryStatusRequest& request,
                                              inference::CudaSharedMemoryStatusResponse&) {
  return NoSuchRegion("cuda", request.name());
}

Status ControlService::SystemSharedMemoryRegister(const inference::SystemSharedMemoryRegisterRequest&,
                                                  inference::SystemSharedMemoryRegisterResponse&) {
  return SharedMemoryDisabled();
}

Status ControlService::CudaSharedMemoryRegister(const inference::CudaSharedMemoryRegisterRequest&,
                                                inference::CudaSharedMemoryRegisterResponse&) {
  return SharedMemoryDisabled();
}

Status ControlService::SystemSharedMemoryUnregister(const inference::SystemSharedMemoryUnregisterRequest&,
                                                    inference::SystemSharedMemoryUnregisterResponse&) {
  return SharedMemoryDisabled();
}

Status ControlService::CudaSharedMemoryUnregister(const inference::CudaSharedMemoryUnregisterRequest&,
                                                  inference::CudaSharedMemoryUnregisterResponse&) {
  return SharedMemoryDisabled();
}

}  // namespace neso
