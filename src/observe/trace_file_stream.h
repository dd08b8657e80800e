// Traces of one setting on their way to a file: as many together as the setting's log_frequency says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "observe/trace_file.h"
#include "observe/trace_sink.h"

namespace neso {

class TraceFileStream final : public TraceStream {
 public:
  // `log_frequency` traces to a file of their own, or with 0 all to the one file, from time to time.
  TraceFileStream(std::shared_ptr<TraceFile> file, uint32_t log_frequency);
  ~TraceFileStream() override;
  TraceFileStream(const TraceFileStream&) = delete;
  TraceFileStream& operator=(const TraceFileStream&) = delete;

  void Add(const TracedRequest& trace) override;
  void Flush() override;

 private:
  // What there is, which the caller writes without the lock.
  std::string Take() REQUIRES(mutex_);
  void Write(std::string traces);

  const std::shared_ptr<TraceFile> file_;
  const uint32_t log_frequency_;
  Mutex mutex_;
  uint64_t collected_ GUARDED_BY(mutex_) = 0;  // traces in traces_
  std::string traces_ GUARDED_BY(mutex_);      // with commas between them
};

}  // namespace neso
