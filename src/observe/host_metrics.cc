#include "observe/host_metrics.h"

#include <charconv>

#include "base/mutex.h"
#include "base/read_file.h"

namespace neso {
namespace {

// Of the kernel's, about the whole machine.
std::string ReadAll(const char* path) {
  constexpr size_t kMaxBytes = 16U << 20;  // /proc/stat has a line for each processor, and a number for each interrupt
  Expected<std::string> text = ReadFile(path, kMaxBytes);
  return text ? *std::move(text) : std::string();
}

// Takes the next number off the front of `text`, after any blanks.
std::optional<uint64_t> NextNumber(std::string_view& text) {
  const size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

std::optional<uint64_t> KilobytesOf(std::string_view meminfo, std::string_view key) {
  const size_t at = meminfo.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  meminfo.remove_prefix(at + key.size());
  return NextNumber(meminfo);
}

// Thread-safe.
class CpuUtilization {
 public:
  CpuUtilization(const Clock& clock, Nanoseconds interval) : clock_(clock), interval_(interval) {}

  std::optional<double> Update(std::optional<CpuTimes> now) {
    if (!now) return std::nullopt;
    MutexLock lock(mutex_);
    const TimePoint time = clock_.Now();
    if (last_ && time - read_at_ < interval_ / 2) return utilization_;
    if (last_ && now->total > last_->total) {
      utilization_ = static_cast<double>(now->busy - last_->busy) / static_cast<double>(now->total - last_->total);
    }
    last_ = now;
    read_at_ = time;
    return utilization_;
  }

 private:
  const Clock& clock_;
  const Nanoseconds interval_;
  Mutex mutex_;
  std::optional<CpuTimes> last_ GUARDED_BY(mutex_);
  TimePoint read_at_ GUARDED_BY(mutex_);
  double utilization_ GUARDED_BY(mutex_) = 0;
};

void WriteGauge(MetricWriter& writer, const char* name, const char* help, double value) {
  writer.BeginFamily(name, help, MetricKind::kGauge);
  writer.Line(name, {}, value);
}

}  // namespace

std::optional<CpuTimes> ParseCpuTimes(std::string_view proc_stat) {
  if (!proc_stat.starts_with("cpu ")) return std::nullopt;
  std::string_view line = proc_stat.substr(4, proc_stat.find('\n') - 4);
  // user nice system idle iowait irq softirq steal; guest times are in user and nice already.
  CpuTimes times;
  for (int column = 0; column < 8; ++column) {
    const std::optional<uint64_t> jiffies = NextNumber(line);
    if (!jiffies) return column >= 4 ? std::optional(times) : std::nullopt;
    times.total += *jiffies;
    if (column != 3 && column != 4) times.busy += *jiffies;
  }
  return times;
}

std::optional<HostMemory> ParseHostMemory(std::string_view proc_meminfo) {
  const std::optional<uint64_t> total = KilobytesOf(proc_meminfo, "MemTotal:");
  const std::optional<uint64_t> available = KilobytesOf(proc_meminfo, "MemAvailable:");
  if (!total || !available || *available > *total) return std::nullopt;
  return HostMemory{*total * 1024, (*total - *available) * 1024};
}

std::string HostReader::Stat() const { return ReadAll("/proc/stat"); }
std::string HostReader::MemInfo() const { return ReadAll("/proc/meminfo"); }

MetricCollector HostMetricsCollector(std::shared_ptr<const HostReader> reader, const Clock& clock,
                                     Nanoseconds interval) {
  auto cpu = std::make_shared<CpuUtilization>(clock, interval);
  cpu->Update(ParseCpuTimes(reader->Stat()));
  return [reader = std::move(reader), cpu](MetricWriter& writer) {
    if (const std::optional<double> utilization = cpu->Update(ParseCpuTimes(reader->Stat()))) {
      WriteGauge(writer, "nv_cpu_utilization", "CPU utilization rate [0.0 - 1.0]", *utilization);
    }
    if (const std::optional<HostMemory> memory = ParseHostMemory(reader->MemInfo())) {
      WriteGauge(writer, "nv_cpu_memory_total_bytes", "CPU total memory (RAM), in bytes",
                 static_cast<double>(memory->total_bytes));
      WriteGauge(writer, "nv_cpu_memory_used_bytes", "CPU used memory (RAM), in bytes",
                 static_cast<double>(memory->used_bytes));
    }
  };
}

MetricCollector PinnedMemoryCollector(uint64_t total_bytes, std::function<uint64_t()> used_bytes) {
  return [total_bytes, used_bytes = std::move(used_bytes)](MetricWriter& writer) {
    WriteGauge(writer, "nv_pinned_memory_pool_total_bytes", "Pinned memory pool total memory size, in bytes",
               static_cast<double>(total_bytes));
    WriteGauge(writer, "nv_pinned_memory_pool_used_bytes", "Pinned memory pool used memory size, in bytes",
               static_cast<double>(used_bytes()));
  };
}

}  // namespace neso
