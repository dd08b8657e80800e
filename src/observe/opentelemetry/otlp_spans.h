// Traced requests as OpenTelemetry's spans, in the wire format of its protocol: pure.
//
//   for (std::string& span : EncodeSpans(trace, UnixMinusSteady())) batch.push_back(std::move(span));
//   Post(EncodeExport(EncodeResource(attributes), batch));
//
// A request is the span "InferRequest" with what its front end reports. Below it, one in the other, are spans with the
// models' names for each execution, "compute", and those that backends report as "<name>_START" and "<name>_END". What
// else is reported are events of the span in which it happens.
// Source: OTLP 1 (opentelemetry/proto/trace/v1/trace.proto and others), and the names of Triton's spans.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "observe/trace_record.h"

namespace neso {

// Span messages, a parent's after those below it. Traces have the steady clock's times, spans those of the world:
// `unix_minus_steady_ns` apart. Precondition: the trace has an identity.
std::vector<std::string> EncodeSpans(const TracedRequest& trace, int64_t unix_minus_steady_ns);
int64_t UnixMinusSteady();

// A Resource message.
std::string EncodeResource(const std::vector<std::pair<std::string, std::string>>& attributes);
// An ExportTraceServiceRequest of Span messages.
std::string EncodeExport(const std::string& resource, std::span<const std::string> spans);

// What an ExportTraceServiceResponse says of spans that the collector did not want.
struct OtlpRejection {
  int64_t spans = 0;
  std::string reason;
};
OtlpRejection DecodeRejection(std::string_view response);

}  // namespace neso
