// TraceSetting.
#include <string>
#include <vector>

#include "frontend/grpc/control_service.h"

namespace neso {
namespace {

using Settings = google::protobuf::Map<std::string, inference::TraceSettingRequest::SettingValue>;

// The values of a setting, or null when it is not named. None clears it.
const google::protobuf::RepeatedPtrField<std::string>* Find(const Settings& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? nullptr : &found->second.value();
}

Status TakeLevel(const Settings& settings, TraceChange<uint32_t>& change) {
  const auto* const values = Find(settings, "trace_level");
  if (values == nullptr) return {};
  if (values->empty()) {
    change.emplace();
    return {};
  }
  const std::vector<std::string_view> names(values->begin(), values->end());
  ASSIGN_OR_RETURN(const std::optional<uint32_t> level, ParseTraceLevels(names));
  if (level) change.emplace(level);
  return {};
}

template <typename T, typename Parse>
Status TakeNumber(const Settings& settings, const char* name, TraceChange<T>& change, Parse parse) {
  const auto* const values = Find(settings, name);
  if (values == nullptr) return {};
  change.emplace();
  if (values->empty()) return {};
  if (values->size() > 1) return InvalidArg("expect only 1 value for '{}'", name);
  ASSIGN_OR_RETURN(*change, parse(name, values->Get(0)));
  return {};
}

Expected<int32_t> ParseCount(std::string_view /*name*/, const std::string& text) {
  ASSIGN_OR_RETURN(const int32_t count, ParseTraceCount(text));
  if (count < -1) return InvalidArg("Unable to parse 'trace_count'. Expecting value >= -1, got: {}", text);
  return count;
}

Status ChangeTraceSettings(Tracer& tracer, const std::string& model, const Settings& settings) {
  if (Find(settings, "trace_file") != nullptr) return TraceFileIsFixed();
  TraceSettingsUpdate update;
  RETURN_IF_ERROR(TakeLevel(settings, update.level));
  RETURN_IF_ERROR(TakeNumber(settings, "trace_rate", update.rate, ParseTraceNumber));
  RETURN_IF_ERROR(TakeNumber(settings, "trace_count", update.count, ParseCount));
  RETURN_IF_ERROR(TakeNumber(settings, "log_frequency", update.log_frequency, ParseTraceNumber));
  return tracer.Update(model, update);
}

}  // namespace

Status ControlService::TraceSetting(const inference::TraceSettingRequest& request,
                                    inference::TraceSettingResponse& response) {
  const std::string& model = request.model_name();
  if (!model.empty()) {
    const auto found = server_.models().Find(model, -1);
    if (!found && server_.IsStopping()) return found.error();
    if (!found) return InvalidArg("Request for unknown model : {}", model);
  }
  if (!request.settings().empty()) RETURN_IF_ERROR(ChangeTraceSettings(tracer_, model, request.settings()));

  const TraceSettings now = tracer_.Settings(model);
  auto& settings = *response.mutable_settings();
  for (const std::string_view name : TraceLevelNames(now.level)) settings["trace_level"].add_value(std::string(name));
  settings["trace_rate"].add_value(std::to_string(now.rate));
  settings["trace_count"].add_value(std::to_string(now.count));
  if (tracer_.mode() == TraceMode::kTriton) {
    settings["log_frequency"].add_value(std::to_string(now.log_frequency));
    settings["trace_file"].add_value(tracer_.file());
  }
  settings["trace_mode"].add_value(TraceModeName(tracer_.mode()));
  for (const auto& [name, value] : tracer_.options()) settings[name].add_value(value);
  return {};
}

}  // namespace neso
