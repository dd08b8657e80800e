// One trace setting at work: which requests are traced, and where their traces go together.
//
//   if (collector->Sample()) ...            // later, from any thread:
//   collector->Add(R"({"id":1,...})");
//
// Dropped when the setting changes; the last trace under way takes it along, and what it has goes to the file then.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "observe/trace_file.h"
#include "observe/trace_settings.h"

namespace neso {

// Thread-safe.
class TraceCollector {
 public:
  TraceCollector(const TraceSettings& settings, std::shared_ptr<TraceFile> file);
  ~TraceCollector();
  TraceCollector(const TraceCollector&) = delete;
  TraceCollector& operator=(const TraceCollector&) = delete;

  // With the count that is left.
  TraceSettings settings() const;
  uint32_t level() const { return settings_.level; }
  // Whether a request may still be traced.
  bool is_active() const;

  // Counts a request; true when it is to be traced, which then has to end in Add.
  bool Sample();
  // The end of a trace: its elements, with commas between them; may be empty.
  void Add(const std::string& elements);
  // Hands over to the file what there is.
  void Write();

 private:
  std::string Take() REQUIRES(mutex_);
  void Write(std::string traces);

  const TraceSettings settings_;
  const std::shared_ptr<TraceFile> file_;
  const bool is_valid_;
  mutable Mutex mutex_;
  int32_t count_ GUARDED_BY(mutex_);
  uint64_t requests_ GUARDED_BY(mutex_) = 0;
  uint64_t under_way_ GUARDED_BY(mutex_) = 0;  // sampled, not yet added
  uint64_t collected_ GUARDED_BY(mutex_) = 0;  // traces in traces_
  std::string traces_ GUARDED_BY(mutex_);
};

}  // namespace neso
