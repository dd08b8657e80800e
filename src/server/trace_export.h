// Where traces go that leave the machine.
#pragma once

#include <memory>

#include "base/status.h"
#include "observe/metric_registry.h"
#include "observe/opentelemetry/otlp_exporter.h"
#include "server/options.h"

namespace neso {

// Null unless the options say that traces go to a collector. Error: kUnavailable, what for that has to be installed.
Expected<std::shared_ptr<OtlpExporter>> MakeTraceExporter(const TraceOptions& options);

// How many spans went, and how many were lost. It keeps the exporter.
MetricCollector TraceExportMetrics(std::shared_ptr<const OtlpExporter> exporter);

}  // namespace neso
