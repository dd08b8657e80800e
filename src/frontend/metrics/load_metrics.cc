#include "frontend/metrics/load_metrics.h"

#include "base/buffer.h"

namespace neso {
namespace {

void WriteLoads(MetricWriter& writer, const std::vector<NamedLoad>& services, const char* name, const char* help,
                std::atomic<size_t> net::ServerLoad::*count) {
  writer.BeginFamily(name, help, MetricKind::kGauge);
  for (const auto& [service, load] : services) {
    writer.Line(name, {{"service", service}}, uint64_t{((*load).*count).load(std::memory_order_relaxed)});
  }
}

}  // namespace

MetricCollector LoadMetricsCollector(std::vector<NamedLoad> services) {
  return [services = std::move(services)](MetricWriter& writer) {
    if (!services.empty()) {
      WriteLoads(writer, services, "neso_open_connections", "Number of connections that clients have open",
                 &net::ServerLoad::connections);
      WriteLoads(writer, services, "neso_open_requests",
                 "Number of requests and calls that have begun and are not wholly answered and released",
                 &net::ServerLoad::requests);
    }
    constexpr const char* kBytes = "neso_payload_memory_bytes";
    writer.BeginFamily(kBytes, "Memory of bodies, messages and tensors above 32 KB that is in use, in bytes",
                       MetricKind::kGauge);
    writer.Line(kBytes, {}, uint64_t{Buffer::LentBytes()});
  };
}

}  // namespace neso
