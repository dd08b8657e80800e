#include "repository/on_demand/growth_meter.h"

#include <algorithm>
#include <utility>

namespace neso {
namespace {

// A weight may be a file's size, so products of two do not fit into an integer.
int64_t Part(int64_t whole, int64_t weight, int64_t weights) {
  return static_cast<int64_t>(static_cast<double>(whole) * static_cast<double>(weight) / static_cast<double>(weights));
}

}  // namespace

void GrowthMeter::Begin(uint64_t load, int64_t weight, const MemoryReading& now, uint64_t mark) {
  Share(now);
  Load begun;
  begun.weight = std::max<int64_t>(1, weight);
  begun.leaving_before = leaving_;
  begun.is_certain = mark == gone_;
  loads_.insert_or_assign(load, std::move(begun));
}

GrowthMeter::Growth GrowthMeter::End(uint64_t load, const MemoryReading& now, uint64_t mark) {
  Share(now);
  const auto node = loads_.extract(load);
  if (node.empty()) return {};
  const Load& ended = node.mapped();
  const MemoryReading& grown = ended.grown;
  // Those that were leaving before, and have not gone yet, are held by somebody: they are part of both readings.
  const bool is_certain =
      ended.is_certain && mark == gone_ &&
      std::includes(ended.leaving_before.begin(), ended.leaving_before.end(), leaving_.begin(), leaving_.end());
  Growth growth{.is_host_known = is_certain && grown.opened_libraries == 0, .are_gpus_known = is_certain};
  if (!is_certain) return growth;
  growth.use.host = std::max<int64_t>(0, grown.children);
  // What was freed since then, the copy that a file was parsed from for instance, is resident still.
  const int64_t resident = grown.resident - std::max<int64_t>(0, grown.free);
  if (growth.is_host_known) growth.use.host += std::max<int64_t>(0, std::max(grown.heap, resident));
  for (const auto& [gpu, bytes] : grown.gpus) growth.use.gpus[gpu] = std::max<int64_t>(0, bytes);
  return growth;
}

void GrowthMeter::Leaves(const std::string& model) { leaving_.insert(model); }

void GrowthMeter::Gone(const std::string& model, const MemoryUse& use) {
  ++gone_;
  const bool was_told = leaving_.erase(model) > 0;
  for (auto& [number, load] : loads_) {
    // It may have been free before the load began already.
    if (!was_told || load.leaving_before.contains(model)) load.is_certain = false;
  }
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
    load.grown.free += Part(now.free - last_.free, load.weight, weights);
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
