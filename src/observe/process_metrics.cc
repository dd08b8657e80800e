#include "observe/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "base/read_file.h"
#include "base/text.h"

namespace neso {
namespace {

uint64_t NumberOf(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<ProcessStat> ReadStat() {
  constexpr size_t kMaxBytes = 4096;
  const Expected<std::string> text = ReadFile("/proc/self/stat", kMaxBytes);
  return text ? ParseProcessStat(*text) : std::nullopt;
}

// Without the one that it takes to count them.
std::optional<uint64_t> OpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  if (folder == nullptr) return {};
  uint64_t count = 0;
  while (const dirent* const entry = readdir(folder.get())) count += entry->d_name[0] != '.' ? 1 : 0;
  return count - 1;
}

std::optional<uint64_t> MaxDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return limit.rlim_cur;
}

double TicksPerSecond() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

// Since the epoch.
double StartSeconds(const ProcessStat& stat) {
  timespec now{}, since_boot{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  const auto seconds = [](const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  return seconds(now) - seconds(since_boot) + static_cast<double>(stat.start_ticks) / TicksPerSecond();
}

template <typename Value>
void Write(MetricWriter& writer, const char* name, const char* help, MetricKind kind, Value value) {
  writer.BeginFamily(name, help, kind);
  writer.Line(name, {}, value);
}

void WriteProcess(MetricWriter& writer, double start_seconds) {
  if (const std::optional<ProcessStat> stat = ReadStat()) {
    Write(writer, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds", MetricKind::kCounter,
          static_cast<double>(stat->cpu_ticks) / TicksPerSecond());
    Write(writer, "process_resident_memory_bytes", "Resident memory size in bytes", MetricKind::kGauge,
          stat->resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
    Write(writer, "process_virtual_memory_bytes", "Virtual memory size in bytes", MetricKind::kGauge,
          stat->virtual_bytes);
    Write(writer, "process_threads", "Number of OS threads in the process", MetricKind::kGauge, stat->threads);
  }
  if (const std::optional<uint64_t> count = OpenDescriptors()) {
    Write(writer, "process_open_fds", "Number of open file descriptors", MetricKind::kGauge, *count);
  }
  if (const std::optional<uint64_t> count = MaxDescriptors()) {
    Write(writer, "process_max_fds", "Maximum number of open file descriptors", MetricKind::kGauge, *count);
  }
  if (start_seconds == 0) return;
  Write(writer, "process_start_time_seconds", "Start time of the process since unix epoch in seconds",
        MetricKind::kGauge, start_seconds);
}

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return {};
  // From the third one on, which is the first here.
  const std::vector<std::string_view> fields = Split(TrimBlanks(text.substr(name_end + 1)), ' ');
  constexpr size_t kFirst = 3;
  if (fields.size() <= 24 - kFirst) return {};
  const auto field = [&fields](size_t number) { return NumberOf(fields[number - kFirst]); };
  return ProcessStat{.cpu_ticks = field(14) + field(15),
                     .threads = field(20),
                     .start_ticks = field(22),
                     .virtual_bytes = field(23),
                     .resident_pages = field(24)};
}

MetricCollector ProcessMetricsCollector() {
  // Once: the two clocks do not agree to the last digit, and a start does not move.
  const std::optional<ProcessStat> stat = ReadStat();
  const double start_seconds = stat ? StartSeconds(*stat) : 0;
  return [start_seconds](MetricWriter& writer) { WriteProcess(writer, start_seconds); };
}

}  // namespace neso
