#include "frontend/http/trace_setting.h"

#include <vector>

#include "base/json.h"
#include "frontend/http/json_access.h"

namespace neso {
namespace {

Expected<std::optional<uint32_t>> ParseLevels(const JsonValue& array) {
  RETURN_IF_ERROR(CheckArray(array));
  std::vector<std::string_view> names;
  for (const JsonValue& element : array.GetArray()) {
    ASSIGN_OR_RETURN(const std::string_view name, AsString(element));
    names.push_back(name);
  }
  return ParseTraceLevels(names);
}

Status TakeLevel(const JsonValue& object, TraceChange<uint32_t>& change) {
  const JsonValue* const value = FindMember(object, "trace_level");
  if (value == nullptr) return {};
  if (value->IsNull()) {
    change.emplace();
    return {};
  }
  ASSIGN_OR_RETURN(const std::optional<uint32_t> level, ParseLevels(*value));
  if (level) change.emplace(level);
  return {};
}

// A number in a text; `parse` reads it.
template <typename T, typename Parse>
Status TakeNumber(const JsonValue& object, const char* name, TraceChange<T>& change, Parse parse) {
  const JsonValue* const value = FindMember(object, name);
  if (value == nullptr) return {};
  change.emplace();
  if (value->IsNull()) return {};
  ASSIGN_OR_RETURN(const std::string_view text, AsString(*value));
  ASSIGN_OR_RETURN(*change, parse(name, std::string(text)));
  return {};
}

Expected<int32_t> ParseCount(std::string_view /*name*/, const std::string& text) {
  ASSIGN_OR_RETURN(const int32_t count, ParseTraceCount(text));
  if (count < -1) return InvalidArg("Unable to parse 'trace_count'. Expecting value >= -1, got:{}", text);
  return count;
}

}  // namespace

std::string TraceSettingsJson(const Tracer& tracer, const std::string& model) {
  const TraceSettings settings = tracer.Settings(model);
  std::string json = "{\"trace_level\":[";
  for (const std::string_view name : TraceLevelNames(settings.level)) {
    if (json.back() != '[') json.push_back(',');
    AppendJsonString(json, name);
  }
  json += fmt::format(R"(],"trace_rate":"{}","trace_count":"{}")", settings.rate, settings.count);
  if (tracer.mode() == TraceMode::kTriton) {
    json += fmt::format(R"(,"log_frequency":"{}","trace_file":)", settings.log_frequency);
    AppendJsonString(json, tracer.file());
  }
  json += fmt::format(R"(,"trace_mode":"{}")", TraceModeName(tracer.mode()));
  for (const auto& [name, value] : tracer.options()) {
    json += ',';
    AppendJsonString(json, name);
    json += ':';
    AppendJsonString(json, value);
  }
  return json + '}';
}

Status ChangeTraceSettings(Tracer& tracer, const std::string& model, std::string_view body) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(body));
  if (FindMember(document.root(), "trace_file") != nullptr) return TraceFileIsFixed();
  TraceSettingsUpdate update;
  RETURN_IF_ERROR(TakeLevel(document.root(), update.level));
  RETURN_IF_ERROR(TakeNumber(document.root(), "trace_rate", update.rate, ParseTraceNumber));
  RETURN_IF_ERROR(TakeNumber(document.root(), "trace_count", update.count, ParseCount));
  RETURN_IF_ERROR(TakeNumber(document.root(), "log_frequency", update.log_frequency, ParseTraceNumber));
  return tracer.Update(model, update);
}

}  // namespace neso
