// Spans on their way to a collector: many together, from a thread of its own, so that nobody who has traces waits for a
// network.
//
//   auto sink = std::make_shared<OtlpExporter>(settings, shown, std::move(connection));
//   Tracer tracer(trace_settings, sink);
//
// Spans wait in a queue. Those that find it full are dropped and counted, as are those of a batch that the collector
// does not take after some tries.
// Source: OpenTelemetry, "Batching processor"; OTLP/HTTP, "Failures" and "Retryable Response Codes".
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log_throttle.h"
#include "base/mutex.h"
#include "observe/opentelemetry/otlp_post.h"
#include "observe/opentelemetry/otlp_settings.h"
#include "observe/trace_sink.h"

namespace neso {

// What becomes of spans; never go down.
struct OtlpCounters {
  std::atomic<uint64_t> exported{0};
  std::atomic<uint64_t> dropped{0};
};

// Thread-safe.
class OtlpExporter final : public TraceSink, public std::enable_shared_from_this<OtlpExporter> {
 public:
  // `shown`: what the trace settings show. `connection` is used by the exporter's thread only.
  OtlpExporter(OtlpSettings settings, TextPairs shown, std::unique_ptr<OtlpConnection> connection);
  ~OtlpExporter() override;
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  TraceMode mode() const override { return TraceMode::kOpenTelemetry; }
  const std::string& file() const override { return no_file_; }
  TextPairs options() const override { return shown_; }
  std::unique_ptr<TraceStream> Open(const TraceSettings& settings) override;
  // Tries once more to send what waits, for a few seconds; what still comes is dropped.
  void Close() override;
  // Close, which is to come, has no time beyond `latest`.
  void CloseBy(TimePoint latest);

  void Add(const TracedRequest& trace);
  const OtlpCounters& counters() const { return counters_; }

 private:
  void ThreadMain();
  // What is to be sent next; empty when the exporter is closed and nothing is left.
  std::vector<std::string> AwaitBatch();
  void Send(const std::vector<std::string>& spans);
  // Whether it is over: the spans are there, or will not be.
  bool TryOnce(const std::string& body, size_t spans, int attempt);
  bool Judge(const OtlpReply& reply, size_t spans);
  // The end of the server ends it.
  void Pause(std::chrono::milliseconds pause);
  void Drop(size_t spans, const std::string& reason);
  bool IsClosing() const;
  // Of a post that may take until then.
  std::chrono::milliseconds LeftUntil(TimePoint end) const;

  const OtlpSettings settings_;
  const TextPairs shown_;
  const std::string resource_;  // an encoded message
  const std::string no_file_;
  const std::unique_ptr<OtlpConnection> connection_;
  OtlpCounters counters_;
  LogThrottle complaints_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> waiting_ GUARDED_BY(mutex_);  // Span messages
  bool is_closing_ GUARDED_BY(mutex_) = false;
  TimePoint close_by_ GUARDED_BY(mutex_) = TimePoint::max();
  std::thread thread_;
};

}  // namespace neso
