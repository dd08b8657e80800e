#include "server/trace_export.h"

#include <algorithm>
#include <utility>

#include "engine/inference_server.h"

namespace neso {
namespace {

// One value a name: attributes of the resource with commas between them, and of anything else the last, which counts. Who
// may read settings may not know passwords.
TextPairs Shown(const Settings& given) {
  TextPairs shown;
  for (const auto& [name, text] : given) {
    const std::string value = name == "url" ? UrlToShow(text) : text;
    const auto before = std::find_if(shown.begin(), shown.end(), [&](const auto& pair) { return pair.first == name; });
    if (before == shown.end()) {
      shown.emplace_back(name, value);
    } else {
      before->second = name == "resource" ? before->second + "," + value : value;
    }
  }
  return shown;
}

}  // namespace

Expected<std::shared_ptr<OtlpExporter>> MakeTraceExporter(const TraceOptions& options) {
  if (options.mode != TraceMode::kOpenTelemetry) return std::shared_ptr<OtlpExporter>();
  OtlpSettings settings = options.otlp;
  settings.resource.emplace_back("telemetry.sdk.name", "neso");
  settings.resource.emplace_back("telemetry.sdk.language", "cpp");
  settings.resource.emplace_back("telemetry.sdk.version", kServerVersion);
  ASSIGN_OR_RETURN(std::unique_ptr<OtlpConnection> connection, OpenOtlpConnection(settings.endpoint));
  return std::make_shared<OtlpExporter>(std::move(settings), Shown(options.opentelemetry), std::move(connection));
}

MetricCollector TraceExportMetrics(std::shared_ptr<const OtlpExporter> exporter) {
  return [exporter = std::move(exporter)](MetricWriter& writer) {
    const OtlpCounters& counters = exporter->counters();
    writer.BeginFamily("neso_trace_spans_exported", "Number of spans that the OpenTelemetry collector took",
                       MetricKind::kCounter);
    writer.Line("neso_trace_spans_exported", {}, counters.exported.load());
    writer.BeginFamily("neso_trace_spans_dropped",
                       "Number of spans that were lost: the queue was full, or the collector did not take them",
                       MetricKind::kCounter);
    writer.Line("neso_trace_spans_dropped", {}, counters.dropped.load());
  };
}

}  // namespace neso
