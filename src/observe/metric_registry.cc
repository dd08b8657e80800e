#include "observe/metric_registry.h"

#include <algorithm>

#include "observe/custom_metrics.h"

namespace neso {

// One of the two.
struct MetricRegistry::Entry {
  MetricCollector collector;
  std::shared_ptr<MetricFamily> family;
};

void MetricRegistry::AddCollector(MetricCollector collector) {
  MutexLock lock(mutex_);
  entries_.push_back(std::make_shared<Entry>(Entry{std::move(collector), nullptr}));
}

Expected<std::shared_ptr<MetricFamily>> MetricRegistry::Family(MetricKind kind, const std::string& name,
                                                               const std::string& help) {
  if (!IsMetricName(name)) return InvalidArg("invalid metric name '{}'", name);
  MutexLock lock(mutex_);
  const auto known = std::ranges::find_if(entries_, [&name](const std::shared_ptr<Entry>& entry) {
    return entry->family != nullptr && entry->family->name() == name;
  });
  // A model may have changed since it was unloaded.
  const bool is_held = known != entries_.end() && ((*known)->family.use_count() > 1 || (*known)->family->HasMetrics());
  if (is_held) {
    if ((*known)->family->kind() == kind) return (*known)->family;
    return InvalidArg("metric family '{}' exists already with another kind", name);
  }
  auto family = std::make_shared<MetricFamily>(kind, name, help);
  // Another entry, not another family in it: somebody may be writing the former one.
  auto entry = std::make_shared<Entry>(Entry{{}, family});
  if (known != entries_.end()) {
    *known = std::move(entry);
  } else {
    entries_.push_back(std::move(entry));
  }
  return family;
}

std::shared_ptr<MetricFamily> MetricRegistry::FindFamily(std::string_view name) const {
  MutexLock lock(mutex_);
  for (const std::shared_ptr<Entry>& entry : entries_) {
    if (entry->family != nullptr && entry->family->name() == name) return entry->family;
  }
  return nullptr;
}

void MetricRegistry::Write(MetricWriter& writer) const {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    MutexLock lock(mutex_);
    entries = entries_;
  }
  // Outside the lock: a collector may take its time, and may ask for a family.
  for (const std::shared_ptr<Entry>& entry : entries) {
    if (entry->family != nullptr) {
      entry->family->Write(writer);
    } else {
      entry->collector(writer);
    }
  }
}

MetricRegistry& MetricRegistry::OfProcess() {
  // Never destroyed: plug-ins use their metrics until the very end of the process.
  static auto& registry = *new MetricRegistry;
  return registry;
}

}  // namespace neso
