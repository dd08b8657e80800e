#include "gauges.h"

#include <chrono>
#include <utility>

#include "neso/backend/log.h"

namespace neso::local_cache {
namespace {

using backend::Result;
using backend::Status;

constexpr std::chrono::milliseconds kPeriod{1000};

// Dashboards know these names.
constexpr std::pair<const char*, const char*> kFamilies[] = {
    {"nv_cache_util", "Cache utilization [0.0 - 1.0]"},
    {"nv_cache_num_entries", "Number of responses stored in response cache"},
    {"nv_cache_num_hits", "Number of cache hits in response cache"},
    {"nv_cache_num_misses", "Number of cache misses in response cache"},
    {"nv_cache_num_lookups", "Number of cache lookups in response cache"},
    {"nv_cache_num_evictions", "Number of cache evictions in response cache"},
    {"nv_cache_lookup_duration", "Total cache lookup duration (hit and miss), in microseconds"},
    {"nv_cache_insertion_duration", "Total cache insertion duration, in microseconds"},
};
static_assert(std::size(kFamilies) == std::tuple_size_v<Readings>);

}  // namespace

Result<std::unique_ptr<Gauges>> Gauges::Start(std::function<Readings()> read) {
  std::unique_ptr<Gauges> gauges(new Gauges(std::move(read)));
  NESO_RETURN_IF_ERROR(gauges->Make());
  gauges->Set();
  gauges->thread_ = std::thread([self = gauges.get()] { self->Run(); });
  return gauges;
}

Gauges::~Gauges() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_ended_ = true;
  }
  ended_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (const Gauge& gauge : gauges_) {
    if (gauge.metric != nullptr) NESO_LOG_IF_ERROR(TRITONSERVER_MetricDelete(gauge.metric), "local cache");
    if (gauge.family != nullptr) NESO_LOG_IF_ERROR(TRITONSERVER_MetricFamilyDelete(gauge.family), "local cache");
  }
}

Status Gauges::Make() {
  for (size_t i = 0; i < gauges_.size(); ++i) {
    const auto& [name, help] = kFamilies[i];
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricFamilyNew(&gauges_[i].family, TRITONSERVER_METRIC_KIND_GAUGE, name, help));
    NESO_RETURN_IF_ERROR(TRITONSERVER_MetricNew(&gauges_[i].metric, gauges_[i].family, nullptr, 0));
  }
  return {};
}

void Gauges::Set() {
  const Readings readings = read_();
  for (size_t i = 0; i < gauges_.size(); ++i) {
    NESO_LOG_IF_ERROR(TRITONSERVER_MetricSet(gauges_[i].metric, readings[i]), "local cache");
  }
}

void Gauges::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ended_.wait_for(lock, kPeriod, [this] { return is_ended_; })) Set();
}

}  // namespace neso::local_cache
