// The server's tracing: settings by model, and which requests are traced.
//
//   const auto file = std::make_shared<TraceFile>("t.json", executor);
//   Tracer tracer({.level = TRITONSERVER_TRACE_LEVEL_TIMESTAMPS, .rate = 1}, file);
//   if (auto trace = tracer.Sample("digits")) ...                          // observe/request_trace.h
//   tracer.Update("digits", {.rate = std::optional<uint32_t>(100)});       // this model's own rate from now on
//   tracer.Update("digits", {.rate = std::optional<uint32_t>()});          // and again the global one
//
// Source: Triton's trace extension.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "observe/request_trace.h"
#include "observe/trace_collector.h"
#include "observe/trace_settings.h"
#include "observe/trace_sink.h"

namespace neso {

// Thread-safe.
class Tracer {
 public:
  // With settings that CheckTraceSettings refuses nothing is traced until an update puts them right.
  Tracer(const TraceSettings& start, std::shared_ptr<TraceSink> sink);
  ~Tracer();  // closes
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Whether any request may be traced: one relaxed load.
  bool is_on() const { return is_on_.load(std::memory_order_relaxed); }
  // A request comes to `model`: its trace if it is to be traced, otherwise null.
  std::shared_ptr<RequestTrace> Sample(const std::string& model) {
    if (!is_on()) [[likely]]
      return nullptr;
    return SampleOn(model, std::nullopt);
  }
  // Likewise; `caller()` tells what its caller says of a trace that the request belongs to.
  template <typename Caller>
  std::shared_ptr<RequestTrace> Sample(const std::string& model, Caller&& caller) {
    if (!is_on()) [[likely]]
      return nullptr;
    return SampleOn(model, mode() == TraceMode::kOpenTelemetry ? caller() : std::nullopt);
  }

  // What counts for the model, or globally for an empty name; with the count that is left.
  TraceSettings Settings(const std::string& model) const;
  // Changes the model's own settings, or the global ones for an empty name. Traces collected under settings that an
  // accepted update touches are handed to the sink. Error: CheckTraceSettings'; nothing changes then.
  Status Update(const std::string& model, const TraceSettingsUpdate& update);
  // Returns when what there is has been written. Traces that are still under way write themselves when they end.
  void Close();
  // Where traces go; empty when there is no file.
  const std::string& file() const { return sink_->file(); }
  TraceMode mode() const { return sink_->mode(); }
  std::vector<std::pair<std::string, std::string>> options() const { return sink_->options(); }

 private:
  // A place with settings of its own.
  struct Place {
    TraceOverrides own;
    std::shared_ptr<TraceCollector> collector;
  };

  std::shared_ptr<RequestTrace> SampleOn(const std::string& model, const std::optional<TraceContext>& caller);
  const std::shared_ptr<TraceCollector>& CollectorOf(const std::string& model) const REQUIRES(mutex_);
  // Settings of a place whose own values and fallback have changed. A count goes on unless it is what changed.
  static TraceSettings Settle(const TraceOverrides& own, const TraceSettings& fallback, bool count_changes,
                              const TraceSettings& current);
  // A collector goes on counting while its settings stay the same.
  void Replace(std::shared_ptr<TraceCollector>& collector, const TraceSettings& settings) REQUIRES(mutex_);
  void SwitchOnOrOff() REQUIRES(mutex_);

  const TraceSettings start_;
  const std::shared_ptr<TraceSink> sink_;
  std::atomic<bool> is_on_{false};
  mutable Mutex mutex_;
  Place global_ GUARDED_BY(mutex_);
  std::map<std::string, Place> models_ GUARDED_BY(mutex_);
};

}  // namespace neso
