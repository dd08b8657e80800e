// One trace setting at work: which requests are traced, and the stream that takes their traces.
//
//   if (collector->Sample()) ...            // later, from any thread:
//   collector->Add(trace);
//
// Dropped when the setting changes; the last trace under way takes it along, and what its stream holds goes to the sink
// then.
#pragma once

#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "observe/trace_sink.h"

namespace neso {

// Thread-safe.
class TraceCollector {
 public:
  TraceCollector(const TraceSettings& settings, TraceSink& sink);

  // With the count that is left.
  TraceSettings settings() const;
  uint32_t level() const { return level_; }
  // Whether a request may still be traced.
  bool is_active() const;

  // Counts a request; true when it is to be traced, which then has to end in Add. One that belongs to a trace already
  // is traced whatever the rate.
  bool Sample(bool belongs_to_trace = false);
  // The end of a trace, which may be without a span.
  void Add(const TracedRequest& trace);
  // Hands on to the sink what there is.
  void Flush() { stream_->Flush(); }

 private:
  const TraceSettings settings_;
  const uint32_t level_;  // what the mode has of settings_.level
  const bool is_valid_;
  const std::unique_ptr<TraceStream> stream_;
  mutable Mutex mutex_;
  int32_t count_ GUARDED_BY(mutex_);
  uint64_t requests_ GUARDED_BY(mutex_) = 0;
  uint64_t under_way_ GUARDED_BY(mutex_) = 0;  // sampled, not yet added
};

}  // namespace neso
