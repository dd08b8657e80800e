#include "observe/opentelemetry/otlp_settings.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/percent.h"
#include "base/text.h"

namespace neso {
namespace {

constexpr const char* kPath = "/v1/traces";
constexpr size_t kMaxQueueSize = 1u << 20;

// Of a variable that is set and not empty: OpenTelemetry takes an empty one for none.
std::string_view Variable(const ReadEnvironment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// The first of two variables that is set: that for traces, else that for all signals.
std::string_view OneOf(const ReadEnvironment& environment, const char* of_traces, const char* of_all) {
  const std::string_view value = Variable(environment, of_traces);
  return value.empty() ? Variable(environment, of_all) : value;
}

Expected<size_t> ParseNumber(std::string_view name, std::string_view text, size_t least, size_t most) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return InvalidArg("{}: expected a number from {} to {}, got '{}'", name, least, most, text);
  }
  return value;
}

// "a=1,b=2" with percent-encoded values (W3C Baggage), as both headers and attributes are given.
Expected<TextPairs> ParsePairs(std::string_view name, std::string_view text) {
  TextPairs pairs;
  for (const std::string_view piece : Split(text, ',')) {
    const std::string_view pair = TrimBlanks(piece);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return InvalidArg("{}: expected <name>=<value> with commas between them, got '{}'", name, pair);
    }
    pairs.emplace_back(TrimBlanks(pair.substr(0, equals)), DecodePercents(TrimBlanks(pair.substr(equals + 1))));
  }
  return pairs;
}

void Set(TextPairs& pairs, std::string_view key, std::string_view value) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == key; });
  if (found == pairs.end()) {
    pairs.emplace_back(key, value);
  } else {
    found->second = value;
  }
}

Status CheckUrl(std::string_view name, std::string_view url) {
  if (url.starts_with("http://") || url.starts_with("https://")) return {};
  return InvalidArg("{}: expected http://<host>:<port>/<path> or https://..., got '{}'", name, UrlToShow(url));
}

Status ReadEndpoint(const ReadEnvironment& environment, OtlpSettings& settings) {
  OtlpEndpoint& endpoint = settings.endpoint;
  // The one for all signals is a base, to which each adds its path; that for traces is used as it is.
  if (const std::string_view url = Variable(environment, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); !url.empty()) {
    RETURN_IF_ERROR(CheckUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url));
    endpoint.url = url;
  } else if (std::string_view base = Variable(environment, "OTEL_EXPORTER_OTLP_ENDPOINT"); !base.empty()) {
    RETURN_IF_ERROR(CheckUrl("OTEL_EXPORTER_OTLP_ENDPOINT", base));
    while (base.ends_with('/')) base.remove_suffix(1);
    endpoint.url = std::string(base) + kPath;
  }
  ASSIGN_OR_RETURN(endpoint.headers,
                   ParsePairs("OTEL_EXPORTER_OTLP_HEADERS",
                              OneOf(environment, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")));
  endpoint.authorities_file =
      OneOf(environment, "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE");
  const std::string_view compression =
      OneOf(environment, "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION");
  endpoint.compress = compression == "gzip";
  const std::string_view timeout =
      OneOf(environment, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
  if (timeout.empty()) return {};
  ASSIGN_OR_RETURN(const size_t milliseconds, ParseNumber("OTEL_EXPORTER_OTLP_TIMEOUT", timeout, 1, 3'600'000));
  settings.timeout = std::chrono::milliseconds(milliseconds);
  return {};
}

Status ReadResource(const TextPairs& given, const ReadEnvironment& environment, TextPairs& resource) {
  Set(resource, "service.name", "triton-inference-server");
  ASSIGN_OR_RETURN(const TextPairs attributes,
                   ParsePairs("OTEL_RESOURCE_ATTRIBUTES", Variable(environment, "OTEL_RESOURCE_ATTRIBUTES")));
  for (const auto& [key, value] : attributes) Set(resource, key, value);
  const std::string_view service = Variable(environment, "OTEL_SERVICE_NAME");
  if (!service.empty()) Set(resource, "service.name", service);
  for (const auto& [name, value] : given) {
    if (name != "resource") continue;
    const size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArg("resource: expected <name>=<value>, got '{}'", value);
    }
    Set(resource, value.substr(0, equals), value.substr(equals + 1));
  }
  return {};
}

}  // namespace

std::string UrlToShow(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t authority = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t at = url.substr(0, url.find_first_of("/?#", authority)).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, authority)) + "***" + std::string(url.substr(at));
}

Expected<OtlpSettings> MakeOtlpSettings(const TextPairs& given, const ReadEnvironment& environment) {
  OtlpSettings settings;
  RETURN_IF_ERROR(ReadEndpoint(environment, settings));
  RETURN_IF_ERROR(ReadResource(given, environment, settings.resource));
  bool is_batch_given = false;
  const auto take = [&](const std::string& name, std::string_view label, std::string_view value) -> Status {
    if (name == "bsp_max_queue_size") {
      ASSIGN_OR_RETURN(settings.max_queue_size, ParseNumber(label, value, 1, kMaxQueueSize));
    } else if (name == "bsp_schedule_delay") {
      ASSIGN_OR_RETURN(const size_t milliseconds, ParseNumber(label, value, 1, 3'600'000));
      settings.schedule_delay = std::chrono::milliseconds(milliseconds);
    } else if (name == "bsp_max_export_batch_size") {
      ASSIGN_OR_RETURN(settings.max_export_batch_size, ParseNumber(label, value, 1, kMaxQueueSize));
      is_batch_given = true;
    } else if (name == "url") {
      RETURN_IF_ERROR(CheckUrl(label, value));
      settings.endpoint.url = value;
    }
    return {};
  };
  constexpr std::pair<const char*, const char*> kVariables[] = {
      {"bsp_max_queue_size", "OTEL_BSP_MAX_QUEUE_SIZE"},
      {"bsp_schedule_delay", "OTEL_BSP_SCHEDULE_DELAY"},
      {"bsp_max_export_batch_size", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}};
  for (const auto& [name, variable] : kVariables) {
    const std::string_view value = Variable(environment, variable);
    if (!value.empty()) RETURN_IF_ERROR(take(name, variable, value));
  }
  for (const auto& [name, value] : given) RETURN_IF_ERROR(take(name, name, value));
  if (is_batch_given && settings.max_export_batch_size > settings.max_queue_size) {
    return InvalidArg("bsp_max_export_batch_size: expected at most bsp_max_queue_size, which is {}, got {}",
                      settings.max_queue_size, settings.max_export_batch_size);
  }
  settings.max_export_batch_size = std::min(settings.max_export_batch_size, settings.max_queue_size);
  return settings;
}

}  // namespace neso
