#include "observe/gpu_metrics.h"

#include <array>
#include <optional>

#include "base/log.h"
#include "base/mutex.h"

namespace neso {
namespace {

struct Family {
  const char* name;
  const char* help;
  MetricKind kind;
  std::optional<double> (*value)(const GpuReading& reading);
};

std::optional<double> AsDouble(const std::optional<uint64_t>& value) {
  return value ? std::optional<double>(static_cast<double>(*value)) : std::nullopt;
}

constexpr std::array kFamilies = {
    Family{"nv_gpu_utilization", "GPU utilization rate [0.0 - 1.0)", MetricKind::kGauge,
           [](const GpuReading& r) { return r.utilization; }},
    Family{"nv_gpu_memory_total_bytes", "GPU total memory, in bytes", MetricKind::kGauge,
           [](const GpuReading& r) { return AsDouble(r.memory_total_bytes); }},
    Family{"nv_gpu_memory_used_bytes", "GPU used memory, in bytes", MetricKind::kGauge,
           [](const GpuReading& r) { return AsDouble(r.memory_used_bytes); }},
    Family{"nv_gpu_power_usage", "GPU power usage in watts", MetricKind::kGauge,
           [](const GpuReading& r) { return r.power_watts; }},
    Family{"nv_gpu_power_limit", "GPU power management limit in watts", MetricKind::kGauge,
           [](const GpuReading& r) { return r.power_limit_watts; }},
    Family{"nv_energy_consumption", "GPU energy consumption in joules since the Triton Server started",
           MetricKind::kCounter, [](const GpuReading& r) { return r.energy_joules; }},
};

// Thread-safe.
class Measurements {
 public:
  Measurements(std::shared_ptr<const GpuReader> reader, const Clock& clock, Nanoseconds interval)
      : reader_(std::move(reader)),
        clock_(clock),
        interval_(interval),
        first_(reader_->Read().value_or(std::vector<GpuMeasurement>())) {
    read_at_ = clock_.Now();
    last_ = SinceFirst(first_);
  }

  std::vector<GpuMeasurement> Now() {
    MutexLock lock(mutex_);
    const TimePoint now = clock_.Now();
    if (failures_ < kMaxFailures && now - read_at_ >= interval_ / 2) {
      Update();
      read_at_ = now;
    }
    return last_;
  }

 private:
  static constexpr int kMaxFailures = 3;

  void Update() REQUIRES(mutex_) {
    if (std::optional<std::vector<GpuMeasurement>> measurements = reader_->Read()) {
      last_ = SinceFirst(*std::move(measurements));
      failures_ = 0;
    } else if (++failures_ == kMaxFailures) {
      LOG_WARNING("metrics of GPUs stay as they are: reading them failed {} times", kMaxFailures);
    }
  }
  std::vector<GpuMeasurement> SinceFirst(std::vector<GpuMeasurement> measurements) const {
    for (size_t i = 0; i < measurements.size() && i < first_.size(); ++i) {
      std::optional<double>& energy = measurements[i].reading.energy_joules;
      if (energy) energy = *energy - first_[i].reading.energy_joules.value_or(*energy);
    }
    return measurements;
  }

  const std::shared_ptr<const GpuReader> reader_;
  const Clock& clock_;
  const Nanoseconds interval_;
  const std::vector<GpuMeasurement> first_;
  Mutex mutex_;
  TimePoint read_at_ GUARDED_BY(mutex_);
  int failures_ GUARDED_BY(mutex_) = 0;  // in a row
  std::vector<GpuMeasurement> last_ GUARDED_BY(mutex_);
};

void Write(MetricWriter& writer, const std::vector<GpuMeasurement>& measurements) {
  for (const Family& family : kFamilies) {
    bool has_begun = false;
    for (const GpuMeasurement& gpu : measurements) {
      const std::optional<double> value = family.value(gpu.reading);
      if (!value) continue;
      if (!std::exchange(has_begun, true)) writer.BeginFamily(family.name, family.help, family.kind);
      writer.Line(family.name, {{"gpu_uuid", gpu.uuid}}, *value);
    }
  }
}

}  // namespace

MonitorReader::MonitorReader(std::span<const GpuDevice> gpus, std::unique_ptr<GpuMonitor> monitor)
    : monitor_(std::move(monitor)) {
  for (const GpuDevice& gpu : gpus) {
    if (const Expected<GpuMonitor::Gpu> found = monitor_->Find(gpu.uuid)) {
      LOG_INFO("Collecting metrics for GPU {}: {}", gpu.id, gpu.name);
      LOG_VERBOSE(1, "metrics of GPU {} come from {}", gpu.id, monitor_->library_name());
      gpus_.emplace_back(gpu.uuid, *found);
    } else {
      LOG_WARNING("no metrics for GPU {}: {}", gpu.id, found.error().message());
    }
  }
}

std::optional<std::vector<GpuMeasurement>> MonitorReader::Read() const {
  if (!monitor_->Update()) return {};
  std::vector<GpuMeasurement> measurements;
  for (const auto& [uuid, gpu] : gpus_) measurements.push_back({uuid, monitor_->Read(gpu)});
  return measurements;
}

MetricCollector GpuMetricsCollector(std::shared_ptr<const GpuReader> reader, const Clock& clock, Nanoseconds interval) {
  auto measurements = std::make_shared<Measurements>(std::move(reader), clock, interval);
  return [measurements](MetricWriter& writer) { Write(writer, measurements->Now()); };
}

}  // namespace neso
