#include "repository/on_demand/growth_meter.h"

#include <algorithm>

namespace neso {
namespace {

// A weight may be a file's size, so products of two do not fit into an integer.
int64_t Part(int64_t whole, int64_t weight, int64_t weights) {
  return static_cast<int64_t>(static_cast<double>(whole) * static_cast<double>(weight) / static_cast<double>(weights));
}

}  // namespace

void GrowthMeter::Begin(uint64_t load, int64_t weight, const MemoryReading& now) {
  Share(now);
  loads_[load] = {.weight = std::max<int64_t>(1, weight)};
}

GrowthMeter::Growth GrowthMeter::End(uint64_t load, const MemoryReading& now) {
  Share(now);
  const auto found = loads_.find(load);
  if (found == loads_.end()) return {};
  const MemoryReading grown = found->second.grown;
  loads_.erase(found);
  Growth growth{.use = {.host = std::max<int64_t>(0, grown.children)}, .is_host_known = grown.opened_libraries == 0};
  if (growth.is_host_known) growth.use.host += std::max<int64_t>(0, std::max(grown.heap, grown.resident));
  for (const auto& [gpu, bytes] : grown.gpus) growth.use.gpus[gpu] = std::max<int64_t>(0, bytes);
  return growth;
}

void GrowthMeter::Gone(const MemoryUse& use) {
  // Part of it may have been a worker's; the sum is what counts.
  last_.heap -= use.host;
  last_.resident -= use.host;
  for (const auto& [gpu, bytes] : use.gpus) last_.gpus[gpu] -= bytes;
}

void GrowthMeter::Share(const MemoryReading& now) {
  int64_t weights = 0;
  for (const auto& [number, load] : loads_) weights += load.weight;
  for (auto& [number, load] : loads_) {
    load.grown.heap += Part(now.heap - last_.heap, load.weight, weights);
    load.grown.resident += Part(now.resident - last_.resident, load.weight, weights);
    load.grown.opened_libraries += now.opened_libraries - last_.opened_libraries;
    load.grown.children += Part(now.children - last_.children, load.weight, weights);
    for (const auto& [gpu, bytes] : now.gpus) {
      const auto before = last_.gpus.find(gpu);
      const int64_t growth = bytes - (before == last_.gpus.end() ? bytes : before->second);
      load.grown.gpus[gpu] += Part(growth, load.weight, weights);
    }
  }
  last_ = now;
}

}  // namespace neso
