#include "perf/server_metrics.h"

#include <algorithm>
#include <utility>

#include "client/dial.h"
#include "client/http_client.h"
#include "client/metrics_text.h"
#include "client/server_address.h"
#include "perf/interrupt.h"
#include "perf/server_choice.h"
#include "perf/transport.h"

namespace neso::perf {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr uint16_t kMetricsPort = 8002;

std::map<std::string, double>* MapOf(std::string_view name, GpuMetrics& metrics) {
  if (name == "nv_gpu_utilization") return &metrics.utilization;
  if (name == "nv_gpu_power_usage") return &metrics.power_watts;
  if (name == "nv_gpu_memory_used_bytes") return &metrics.used_bytes;
  if (name == "nv_gpu_memory_total_bytes") return &metrics.total_bytes;
  return nullptr;
}

using Part = std::map<std::string, double> GpuMetrics::*;

std::map<std::string, double> AverageOf(const std::vector<GpuMetrics>& readings, Part part) {
  std::map<std::string, std::pair<double, size_t>> sums;
  for (const GpuMetrics& reading : readings) {
    for (const auto& [uuid, value] : reading.*part) {
      sums[uuid].first += value;
      sums[uuid].second++;
    }
  }
  std::map<std::string, double> averages;
  for (const auto& [uuid, sum] : sums) averages[uuid] = sum.first / static_cast<double>(sum.second);
  return averages;
}

std::map<std::string, double> MostOf(const std::vector<GpuMetrics>& readings, Part part) {
  std::map<std::string, double> most;
  for (const GpuMetrics& reading : readings) {
    for (const auto& [uuid, value] : reading.*part) most[uuid] = std::max(most[uuid], value);
  }
  return most;
}

}  // namespace

Expected<GpuMetrics> ReadGpuMetrics(std::string_view text) {
  ASSIGN_OR_RETURN(const std::vector<client::MetricFamily> families, client::ParseMetrics(text));
  GpuMetrics metrics;
  for (const client::MetricFamily& family : families) {
    std::map<std::string, double>* const values = MapOf(family.name, metrics);
    if (values == nullptr) continue;
    for (const client::MetricSample& sample : family.samples) {
      const std::string_view uuid = sample.Label("gpu_uuid");
      if (!uuid.empty()) (*values)[std::string(uuid)] = sample.value;
    }
  }
  return metrics;
}

GpuMetrics Summarize(const std::vector<GpuMetrics>& readings) {
  return {.utilization = AverageOf(readings, &GpuMetrics::utilization),
          .power_watts = AverageOf(readings, &GpuMetrics::power_watts),
          .used_bytes = MostOf(readings, &GpuMetrics::used_bytes),
          .total_bytes = MostOf(readings, &GpuMetrics::total_bytes)};
}

class MetricsCollector::Source {
 public:
  Source(client::Endpoint endpoint, std::string path, client::HttpHeaders headers)
      : path_(std::move(path)), headers_(std::move(headers)), client_(std::move(endpoint), kMostAnswerBytes) {}

  Expected<GpuMetrics> Read() {
    ASSIGN_OR_RETURN(const client::HttpAnswer answer,
                     client_.Call({.path = path_, .headers = headers_}, {kPatience, InterruptWatch::IsOverdue}));
    if (answer.status != 200)
      return Unavailable("{}{} answers {}: expected metrics. See --metrics-url", client_.endpoint().Authority(), path_,
                         answer.status);
    Expected<GpuMetrics> metrics = ReadGpuMetrics(answer.body);
    if (!metrics) return metrics.error().WithContext("{}{}: see --metrics-url", client_.endpoint().Authority(), path_);
    return metrics;
  }

 private:
  const std::string path_;
  const client::HttpHeaders headers_;
  client::HttpClient client_;
};

Expected<std::unique_ptr<MetricsCollector>> MetricsCollector::Start(const Options& options) {
  std::string url = options.metrics_url;
  if (url.empty()) {
    ASSIGN_OR_RETURN(url, UsualMetricsUrl(options.url));
  }
  ASSIGN_OR_RETURN(client::Endpoint endpoint, client::ParseEndpoint(url, kMetricsPort));
  if (endpoint.uses_tls) {
    ASSIGN_OR_RETURN(endpoint.tls, client::MakeTls(options.http_tls));
  }
  std::string path = endpoint.path.empty() ? "/metrics" : std::exchange(endpoint.path, {});
  ASSIGN_OR_RETURN(const client::Endpoint server, EndpointOf(options.url, options.protocol));
  // A key that travels to the server over TLS does not go without here.
  const bool is_as_safe = endpoint.uses_tls || !(server.uses_tls || options.grpc_uses_tls);
  auto source = std::make_unique<Source>(std::move(endpoint), std::move(path),
                                         is_as_safe ? options.headers : client::HttpHeaders());
  ASSIGN_OR_RETURN(GpuMetrics first, source->Read());
  return std::unique_ptr<MetricsCollector>(
      new MetricsCollector(std::move(source), options.metrics_interval, std::move(first)));
}

MetricsCollector::MetricsCollector(std::unique_ptr<Source> source, std::chrono::milliseconds interval, GpuMetrics first)
    : source_(std::move(source)), interval_(interval) {
  readings_.push_back({std::chrono::steady_clock::now(), std::move(first)});
  thread_ = std::thread([this] { Collect(); });
}

MetricsCollector::~MetricsCollector() {
  stop_.Set();
  thread_.join();
}

void MetricsCollector::Collect() {
  TimePoint next = std::chrono::steady_clock::now() + interval_;
  while (!stop_.WaitUntil(next)) {
    next += interval_;
    Expected<GpuMetrics> metrics = source_->Read();
    if (!metrics) continue;  // the next may come
    MutexLock lock(mutex_);
    readings_.push_back({std::chrono::steady_clock::now(), *std::move(metrics)});
  }
}

GpuMetrics MetricsCollector::Between(TimePoint begin, TimePoint end) const {
  MutexLock lock(mutex_);
  std::vector<GpuMetrics> within;
  GpuMetrics before;
  for (const Reading& reading : readings_) {
    if (reading.time < begin) before = reading.metrics;
    if (reading.time >= begin && reading.time <= end) within.push_back(reading.metrics);
  }
  return within.empty() ? before : Summarize(within);
}

Expected<std::string> UsualMetricsUrl(const std::string& url) {
  ASSIGN_OR_RETURN(client::ServerAddress server, client::ParseServerAddress(url));
  server.endpoint.port = kMetricsPort;
  return server.endpoint.Authority() + "/metrics";
}

}  // namespace neso::perf
