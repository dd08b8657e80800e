// --trace-config, and the deprecated options, most of which say the same in older words.
#include <algorithm>

#include "base/text.h"
#include "server/option_spec.h"

namespace neso {
namespace {

Status AddTraceLevel(const std::string& value, uint32_t& level, bool& off) {
  const std::string lower = ToLowerAscii(value);
  if (lower == "off" || lower == "false") {
    off = true;
  } else if (lower == "timestamps" || lower == "true" || lower == "on" || lower == "min" || lower == "max") {
    level |= TRITONSERVER_TRACE_LEVEL_TIMESTAMPS;
  } else if (lower == "tensors") {
    level |= TRITONSERVER_TRACE_LEVEL_TENSORS;
  } else {
    return InvalidArg("invalid value for trace level option: {}", lower);
  }
  return {};
}

Status SetGlobalTraceSetting(ParseState& state, const NamedSetting& setting) {
  TraceOptions& trace = state.options.trace;
  if (setting.setting == "level") return AddTraceLevel(setting.value, trace.level, state.trace_off_given);
  if (setting.setting == "rate") {
    ASSIGN_OR_RETURN(trace.rate, ParseValue<int>(setting.value));
  } else if (setting.setting == "count") {
    ASSIGN_OR_RETURN(trace.count, ParseValue<int>(setting.value));
  } else if (setting.setting == "mode") {
    const std::string mode = ToLowerAscii(setting.value);
    if (mode != "triton" && mode != "opentelemetry") {
      return InvalidArg("invalid value for trace mode option: {}", setting.value);
    }
    trace.mode = mode == "triton" ? TraceMode::kTriton : TraceMode::kOpenTelemetry;
  } else {
    return InvalidArg("unknown trace setting '{}', expected level, rate, count or mode", setting.setting);
  }
  return {};
}

Status SetTritonTraceSetting(ParseState& state, const NamedSetting& setting) {
  if (setting.setting == "file") {
    state.options.trace.file = setting.value;
  } else if (setting.setting == "log-frequency") {
    ASSIGN_OR_RETURN(state.options.trace.log_frequency, ParseValue<int>(setting.value));
  } else {
    return InvalidArg("unknown trace setting 'triton,{}', expected file or log-frequency", setting.setting);
  }
  return {};
}

Status SetOpenTelemetrySetting(ParseState& state, const NamedSetting& setting) {
  constexpr std::string_view kNames[] = {"url", "resource", "bsp_max_queue_size", "bsp_schedule_delay",
                                         "bsp_max_export_batch_size"};
  if (std::find(std::begin(kNames), std::end(kNames), setting.setting) == std::end(kNames)) {
    return InvalidArg("unknown trace setting 'opentelemetry,{}', expected {}", setting.setting, Join(kNames, ", "));
  }
  if (setting.setting.starts_with("bsp_")) RETURN_IF_ERROR(ParseValue<int>(setting.value).status());
  state.options.trace.opentelemetry.emplace_back(setting.setting, setting.value);
  return {};
}

Status TraceConfig(ParseState& state, const std::string& argument) {
  constexpr std::string_view kForm = "<mode>,<setting>=<value>";
  // "opentelemetry,resource=a=b,c" has commas behind the '=', so a mode is looked for in front of it only.
  const bool has_mode = argument.find(',') < argument.find('=');
  const std::string in_full = has_mode ? argument : "global," + argument;
  Expected<NamedSetting> parsed = ParseNamedSetting(in_full, NameIs::kRequired, "trace-config", kForm);
  if (!parsed) {
    return MalformedSetting("trace-config", kForm, argument);
  }
  const NamedSetting& setting = *parsed;
  state.trace_config_given.insert(setting.setting);
  if (!has_mode) return SetGlobalTraceSetting(state, setting);
  if (setting.name == "triton") return SetTritonTraceSetting(state, setting);
  if (setting.name == "opentelemetry") return SetOpenTelemetrySetting(state, setting);
  return InvalidArg("unknown trace mode '{}', expected triton or opentelemetry", setting.name);
}

void Deprecated(ParseState& state, const char* option, const char* replacement) {
  state.warnings.push_back(
      fmt::format("Warning: '--{}' has been deprecated! Please use '{}' instead.", option, replacement));
}

Status StrictModelConfig(ParseState& state, const std::string& argument) {
  Deprecated(state, "strict-model-config", "--disable-auto-complete-config");
  return Set<&Options::server, &ServerOptions::strict_model_config>(state, argument);
}

Status ResponseCacheByteSize(ParseState& state, const std::string& argument) {
  Deprecated(state, "response-cache-byte-size", "--cache-config=local,size=<bytes>");
  ASSIGN_OR_RETURN(const int64_t bytes, ParseValue<int64_t>(argument));
  state.response_cache_bytes = std::to_string(bytes);
  return {};
}

Status TraceFile(ParseState& state, const std::string& argument) {
  Deprecated(state, "trace-file", "--trace-config triton,file=<path>");
  state.deprecated_trace.file = argument;
  return {};
}

Status TraceLevel(ParseState& state, const std::string& argument) {
  Deprecated(state, "trace-level", "--trace-config level=<level>");
  uint32_t level = state.deprecated_trace.level.value_or(0);
  RETURN_IF_ERROR(AddTraceLevel(argument, level, state.deprecated_trace.off));
  state.deprecated_trace.level = level;
  return {};
}

Status TraceRate(ParseState& state, const std::string& argument) {
  Deprecated(state, "trace-rate", "--trace-config rate=<rate>");
  ASSIGN_OR_RETURN(state.deprecated_trace.rate, ParseValue<int>(argument));
  return {};
}

Status TraceCount(ParseState& state, const std::string& argument) {
  Deprecated(state, "trace-count", "--trace-config count=<count>");
  ASSIGN_OR_RETURN(state.deprecated_trace.count, ParseValue<int>(argument));
  return {};
}

Status TraceLogFrequency(ParseState& state, const std::string& argument) {
  Deprecated(state, "trace-log-frequency", "--trace-config triton,log-frequency=<frequency>");
  ASSIGN_OR_RETURN(state.deprecated_trace.log_frequency, ParseValue<int>(argument));
  return {};
}

Status TensorboardFolder(ParseState& state, const std::string& argument) {
  state.options.tensorboard.folder = argument;
  state.options.server.latency_summaries = !argument.empty();
  return {};
}

Status TensorboardInterval(ParseState& state, const std::string& argument) {
  constexpr int kDay = 86'400;
  ASSIGN_OR_RETURN(const int seconds, ParseValue<int>(argument));
  if (seconds < 1 || seconds > kDay) return InvalidArg("expected 1 to {} seconds. Got {}", kDay, argument);
  state.options.tensorboard.interval = std::chrono::seconds(seconds);
  return {};
}

constexpr OptionSpec kTracing[] = {
    {"trace-config", "<string>,<string>=<string>",
     "A setting of request tracing: level, rate, count and mode as <setting>=<value>; file and log-frequency as "
     "triton,<setting>=<value>; url, resource and bsp_* as opentelemetry,<setting>=<value>. May be given several "
     "times.",
     TraceConfig},
    {"tensorboard-logdir", "string",
     "A folder to which what models do is written from time to time, for TensorBoard: throughput, latencies, batch sizes, "
     "memory, and the graphs of ONNX models. Default is none.",
     TensorboardFolder},
    {"tensorboard-interval-secs", "integer", "How often that is, in seconds. Default is 30.", TensorboardInterval},
};

constexpr OptionSpec kDeprecated[] = {
    {"strict-model-config", "boolean", "Replaced by --disable-auto-complete-config.", StrictModelConfig},
    {"response-cache-byte-size", "integer", "Replaced by --cache-config=local,size=<bytes>.", ResponseCacheByteSize},
    {"trace-file", "string", "Replaced by --trace-config triton,file=<path>.", TraceFile},
    {"trace-level", "string", "Replaced by --trace-config level=<level>.", TraceLevel},
    {"trace-rate", "integer", "Replaced by --trace-config rate=<rate>.", TraceRate},
    {"trace-count", "integer", "Replaced by --trace-config count=<count>.", TraceCount},
    {"trace-log-frequency", "integer", "Replaced by --trace-config triton,log-frequency=<frequency>.",
     TraceLogFrequency},
};

}  // namespace

OptionGroup TracingGroup() { return {"Tracing", kTracing}; }
OptionGroup DeprecatedGroup() { return {"DEPRECATED", kDeprecated}; }

}  // namespace neso
