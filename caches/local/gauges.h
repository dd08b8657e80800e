// The cache's totals among the server's metrics, as they are once a second.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "neso/backend/status.h"
#include "triton/core/tritonserver.h"

namespace neso::local_cache {

// In the order of their families in gauges.cc.
using Readings = std::array<double, 8>;

class Gauges {
 public:
  // `read` is called on a thread of this object's.
  static backend::Result<std::unique_ptr<Gauges>> Start(std::function<Readings()> read);
  ~Gauges();
  Gauges(const Gauges&) = delete;
  Gauges& operator=(const Gauges&) = delete;

 private:
  struct Gauge {
    TRITONSERVER_MetricFamily* family = nullptr;
    TRITONSERVER_Metric* metric = nullptr;
  };
  explicit Gauges(std::function<Readings()> read) : read_(std::move(read)) {}
  backend::Status Make();
  void Set();
  void Run();

  const std::function<Readings()> read_;
  std::array<Gauge, std::tuple_size_v<Readings>> gauges_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_ended_ = false;  // with mutex_
  std::thread thread_;
};

}  // namespace neso::local_cache
