#include "observe/trace_collector.h"

#include "core/abi.h"

namespace neso {

TraceCollector::TraceCollector(const TraceSettings& settings, TraceSink& sink)
    : settings_(settings),
      level_(sink.mode() == TraceMode::kTriton ? settings.level : settings.level & TRITONSERVER_TRACE_LEVEL_TIMESTAMPS),
      is_valid_(level_ != 0 && CheckTraceSettings(settings, sink.file(), sink.mode()).ok()),
      stream_(sink.Open(settings)),
      count_(settings.count) {}

TraceSettings TraceCollector::settings() const {
  TraceSettings settings = settings_;
  MutexLock lock(mutex_);
  settings.count = count_;
  return settings;
}

bool TraceCollector::is_active() const {
  MutexLock lock(mutex_);
  return is_valid_ && count_ != 0;
}

bool TraceCollector::Sample(bool belongs_to_trace) {
  MutexLock lock(mutex_);
  if (!is_valid_ || count_ == 0) return false;
  const bool is_due = settings_.rate != 0 && ++requests_ % settings_.rate == 0;
  if (!is_due && !belongs_to_trace) return false;
  if (count_ > 0) --count_;
  ++under_way_;
  return true;
}

void TraceCollector::Add(const TracedRequest& trace) {
  if (!trace.spans.empty()) stream_->Add(trace);
  bool is_last = false;
  {
    MutexLock lock(mutex_);
    --under_way_;
    is_last = count_ == 0 && under_way_ == 0;
  }
  if (is_last) stream_->Flush();
}

}  // namespace neso
