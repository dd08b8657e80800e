// Where traces go: a file, or a collector somewhere. The border between what is traced and what becomes of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "observe/trace_record.h"
#include "observe/trace_settings.h"

namespace neso {

// The traces of one setting. When it goes, what it still holds is handed on. Thread-safe.
class TraceStream {
 public:
  virtual ~TraceStream() = default;
  virtual void Add(const TracedRequest& trace) = 0;
  // Hands on what is held back to go together.
  virtual void Flush() = 0;
};

// Thread-safe.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual TraceMode mode() const { return TraceMode::kTriton; }
  // What the trace settings show as their file; empty where there is none.
  virtual const std::string& file() const = 0;
  // What else they show of it: names and values.
  virtual std::vector<std::pair<std::string, std::string>> options() const { return {}; }
  virtual std::unique_ptr<TraceStream> Open(const TraceSettings& settings) = 0;
  // Returns when everything has been written; what still comes is written on the thread that brings it.
  virtual void Close() = 0;
};

}  // namespace neso
