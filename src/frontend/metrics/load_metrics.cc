#include "frontend/metrics/load_metrics.h"

#include <array>

#include "base/buffer.h"
#include "base/memory_budget.h"

namespace neso {
namespace {

struct Family {
  const char* name;
  const char* help;
  MetricKind kind;
  uint64_t (*value)(const net::ServerLoad& load);
};

constexpr std::array kFamilies = {
    Family{"neso_open_connections", "Number of connections that clients have open", MetricKind::kGauge,
           [](const net::ServerLoad& load) -> uint64_t { return load.connections.load(std::memory_order_relaxed); }},
    Family{"neso_open_requests",
           "Number of requests and calls that have begun and are not wholly answered and released", MetricKind::kGauge,
           [](const net::ServerLoad& load) -> uint64_t { return load.requests.load(std::memory_order_relaxed); }},
    Family{"neso_accepted_connections_total", "Number of connections that were accepted", MetricKind::kCounter,
           [](const net::ServerLoad& load) { return load.accepted_connections.load(std::memory_order_relaxed); }},
    Family{"neso_refused_connections_total",
           "Number of connections that were closed at once: beyond the limit, without descriptors, or at the end",
           MetricKind::kCounter,
           [](const net::ServerLoad& load) { return load.refused_connections.load(std::memory_order_relaxed); }},
    Family{"neso_received_bytes_total", "Bytes that came from clients, on the wire", MetricKind::kCounter,
           [](const net::ServerLoad& load) { return load.received_bytes.load(std::memory_order_relaxed); }},
    Family{"neso_sent_bytes_total", "Bytes that went to clients, on the wire", MetricKind::kCounter,
           [](const net::ServerLoad& load) { return load.sent_bytes.load(std::memory_order_relaxed); }},
};

// HTTP's statuses are numbers from 100, gRPC's codes have names.
std::string CodeText(unsigned status) {
  constexpr std::array<const char*, 17> kGrpc{
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return status < kGrpc.size() ? kGrpc[status] : std::to_string(status);
}

void WriteAnswers(MetricWriter& writer, const std::vector<NamedLoad>& services) {
  constexpr const char* kName = "neso_answers_total";
  bool has_begun = false;
  for (const auto& [service, load] : services) {
    for (unsigned status = 0; status < net::AnswerCounts::kStatuses; ++status) {
      const uint64_t count = load->answers.Of(status);
      if (count == 0) continue;
      if (!std::exchange(has_begun, true)) {
        writer.BeginFamily(kName, "Number of answers by HTTP status, or gRPC code", MetricKind::kCounter);
      }
      writer.Line(kName, {{"service", service}, {"code", CodeText(status)}}, count);
    }
  }
}

void WriteGauge(MetricWriter& writer, const char* name, const char* help, uint64_t value) {
  writer.BeginFamily(name, help, MetricKind::kGauge);
  writer.Line(name, {}, value);
}

void WriteMemory(MetricWriter& writer) {
  WriteGauge(writer, "neso_payload_memory_bytes",
             "Memory of bodies, messages and tensors above 32 KB that is in use, in bytes", Buffer::LentBytes());
  const MemoryBudget& budget = MemoryBudget::OfProcess();
  WriteGauge(writer, "neso_memory_budget_used_bytes", "What requests and answers take of --memory-budget, in bytes",
             budget.UsedApprox());
  if (budget.limit() > INT64_MAX / 2) return;  // none
  WriteGauge(writer, "neso_memory_budget_limit_bytes", "What requests and answers may take together, in bytes",
             budget.limit());
}

}  // namespace

MetricCollector LoadMetricsCollector(std::vector<NamedLoad> services) {
  return [services = std::move(services)](MetricWriter& writer) {
    for (const Family& family : kFamilies) {
      if (services.empty()) break;
      writer.BeginFamily(family.name, family.help, family.kind);
      for (const auto& [service, load] : services) {
        writer.Line(family.name, {{"service", service}}, family.value(*load));
      }
    }
    WriteAnswers(writer, services);
    WriteMemory(writer);
  };
}

}  // namespace neso
