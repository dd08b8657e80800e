#include "observe/trace_file_stream.h"

#include <utility>

#include "observe/trace_json.h"

namespace neso {
namespace {

// Traces for the one file of a setting without end do not pile up in memory until the server stops.
constexpr size_t kMaxBytesInMemory = 1u << 20;

}  // namespace

TraceFileStream::TraceFileStream(std::shared_ptr<TraceFile> file, uint32_t log_frequency)
    : file_(std::move(file)), log_frequency_(log_frequency) {}

TraceFileStream::~TraceFileStream() { Flush(); }

void TraceFileStream::Add(const TracedRequest& trace) {
  const std::string elements = TraceToJson(trace);
  std::string full;
  {
    MutexLock lock(mutex_);
    if (!traces_.empty()) traces_.push_back(',');
    traces_ += elements;
    ++collected_;
    if (log_frequency_ == 0 ? traces_.size() > kMaxBytesInMemory : collected_ >= log_frequency_) full = Take();
  }
  Write(std::move(full));
}

void TraceFileStream::Flush() {
  std::string traces;
  {
    MutexLock lock(mutex_);
    traces = Take();
  }
  Write(std::move(traces));
}

std::string TraceFileStream::Take() {
  collected_ = 0;
  return std::exchange(traces_, {});
}

void TraceFileStream::Write(std::string traces) {
  if (traces.empty()) return;
  if (log_frequency_ == 0) {
    file_->Append(std::move(traces));
  } else {
    file_->WriteNext(std::move(traces));
  }
}

}  // namespace neso
