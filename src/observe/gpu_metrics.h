// Metrics of GPUs: use, memory, power and energy, each with the label gpu_uuid.
//
//   std::shared_ptr<const GpuReader> reader = std::make_shared<MonitorReader>(driver->devices(),
//                                                                               std::move(monitor));
//   registry.AddCollector(GpuMetricsCollector(reader, SteadyClock::Instance(), interval));
//
// They are read when somebody scrapes, so nobody polls.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "device/cuda_driver.h"
#include "device/gpu_monitor.h"
#include "observe/metric_registry.h"

namespace neso {

// Of one GPU.
struct GpuMeasurement {
  std::string uuid;
  GpuReading reading;
};

// Where measurements come from; tests give their own.
class GpuReader {
 public:
  virtual ~GpuReader() = default;
  // Nothing when it failed; a value that is not told is left out.
  virtual std::optional<std::vector<GpuMeasurement>> Read() const = 0;
};

class MonitorReader final : public GpuReader {
 public:
  // Of those of `gpus` that the monitor knows. Says in the log which.
  MonitorReader(std::span<const GpuDevice> gpus, std::unique_ptr<GpuMonitor> monitor);
  std::optional<std::vector<GpuMeasurement>> Read() const override;

 private:
  const std::unique_ptr<GpuMonitor> monitor_;
  std::vector<std::pair<std::string, GpuMonitor::Gpu>> gpus_;  // by UUID
};

// A measurement is at most half of `interval` old: two scrapers that come at once see the same values. The first is made
// here; energy is counted from then on. After three failures in a row no more are made, and the last one stays.
MetricCollector GpuMetricsCollector(std::shared_ptr<const GpuReader> reader, const Clock& clock, Nanoseconds interval);

}  // namespace neso
