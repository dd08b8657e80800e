#include "observe/trace_collector.h"

#include <utility>

namespace neso {
namespace {

// Traces for the one file of a setting without end do not pile up in memory until the server stops.
constexpr size_t kMaxBytesInMemory = 1u << 20;

}  // namespace

TraceCollector::TraceCollector(const TraceSettings& settings, std::shared_ptr<TraceFile> file)
    : settings_(settings),
      file_(std::move(file)),
      is_valid_(settings.level != 0 && CheckTraceSettings(settings, file_->path()).ok()),
      count_(settings.count) {}

TraceCollector::~TraceCollector() { Write(); }

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

bool TraceCollector::Sample() {
  MutexLock lock(mutex_);
  if (!is_valid_ || count_ == 0) return false;
  if (++requests_ % settings_.rate != 0) return false;
  if (count_ > 0) --count_;
  ++under_way_;
  return true;
}

void TraceCollector::Add(const std::string& elements) {
  MutexLock lock(mutex_);
  --under_way_;
  if (!elements.empty()) {
    if (!traces_.empty()) traces_.push_back(',');
    traces_ += elements;
    ++collected_;
  }
  const bool is_full =
      settings_.log_frequency == 0 ? traces_.size() > kMaxBytesInMemory : collected_ >= settings_.log_frequency;
  const bool is_last = count_ == 0 && under_way_ == 0;
  if (!is_full && !is_last) return;
  std::string traces = Take();
  lock.Unlock();
  Write(std::move(traces));
}

void TraceCollector::Write() {
  std::string traces;
  {
    MutexLock lock(mutex_);
    traces = Take();
  }
  Write(std::move(traces));
}

std::string TraceCollector::Take() {
  collected_ = 0;
  return std::exchange(traces_, {});
}

void TraceCollector::Write(std::string traces) {
  if (traces.empty()) return;
  if (settings_.log_frequency == 0) {
    file_->Append(std::move(traces));
  } else {
    file_->WriteNext(std::move(traces));
  }
}

}  // namespace neso
