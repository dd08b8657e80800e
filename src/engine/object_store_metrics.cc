#include "engine/object_store_metrics.h"

namespace neso {
namespace {

void Write(MetricWriter& writer, const char* name, const char* help, MetricKind kind, uint64_t value) {
  writer.BeginFamily(name, help, kind);
  writer.Line(name, {}, value);
}

}  // namespace

MetricCollector ObjectStoreMetricsCollector(const Storages& storages) {
  return [&storages](MetricWriter& writer) {
    const ObjectStorage* const storage = storages.object_storage();
    if (storage == nullptr) return;
    const ObjectStoreCounters& counters = storage->counters();
    Write(writer, "neso_object_store_requests", "Number of requests sent to object stores, repeated ones included",
          MetricKind::kCounter, counters.requests);
    Write(writer, "neso_object_store_retries", "Number of requests to object stores that were sent again after a fault",
          MetricKind::kCounter, counters.retries);
    Write(writer, "neso_object_store_failures", "Number of requests to object stores that were given up",
          MetricKind::kCounter, counters.failures);
    Write(writer, "neso_object_store_read_bytes", "Number of bytes of objects read from object stores",
          MetricKind::kCounter, counters.bytes_read);
    Write(writer, "neso_object_store_pending_bytes", "Number of bytes that downloads under way are about",
          MetricKind::kGauge, counters.bytes_pending);
  };
}

}  // namespace neso
