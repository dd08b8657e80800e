// Where spans go and how, as --trace-config opentelemetry,... and OpenTelemetry's environment variables say: pure.
//
// Source: OpenTelemetry, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace neso {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

struct OtlpEndpoint {
  std::string url = "http://localhost:4318/v1/traces";
  TextPairs headers{};             // of each request
  bool compress = false;           // with gzip
  std::string authorities_file{};  // PEM, of those who may sign the collector's certificate; empty: the system's
};

struct OtlpSettings {
  OtlpEndpoint endpoint{};
  std::chrono::milliseconds timeout{10'000};  // of one request
  TextPairs resource{};                       // what the spans are about: this server
  size_t max_queue_size = 2048;               // spans that wait; more are dropped
  std::chrono::milliseconds schedule_delay{5000};
  size_t max_export_batch_size = 512;
  std::chrono::milliseconds first_pause{1000};   // before what failed is tried again; later ones are longer
  std::chrono::milliseconds close_within{5000};  // how long the end of the server is held up for a collector
};

// Value of an environment variable, or null.
using ReadEnvironment = std::function<const char*(const char* name)>;

// `given`: names and values behind "opentelemetry,", which count more than the environment. Error: kInvalidArg with the
// setting's or the variable's name.
Expected<OtlpSettings> MakeOtlpSettings(const TextPairs& given, const ReadEnvironment& environment);

// The URL as people may see it: without the name and the password that may stand before its host.
std::string UrlToShow(std::string_view url);

}  // namespace neso
