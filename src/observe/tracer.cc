#include "observe/tracer.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace neso {

Tracer::Tracer(const TraceSettings& start, std::shared_ptr<TraceSink> sink) : start_(start), sink_(std::move(sink)) {
  MutexLock lock(mutex_);
  global_.collector = std::make_shared<TraceCollector>(start_, *sink_);
  SwitchOnOrOff();
}

Tracer::~Tracer() { Close(); }

void Tracer::Close() {
  {
    MutexLock lock(mutex_);
    for (const auto& [name, place] : models_) place.collector->Flush();
    global_.collector->Flush();
  }
  sink_->Close();
}

std::shared_ptr<RequestTrace> Tracer::SampleOn(const std::string& model, const std::optional<TraceContext>& caller) {
  MutexLock lock(mutex_);
  const std::shared_ptr<TraceCollector>& collector = CollectorOf(model);
  if (!collector->Sample(caller.has_value())) return nullptr;
  // That may have been its last one.
  if (!collector->is_active()) SwitchOnOrOff();
  return std::make_shared<RequestTrace>(
      collector, mode() == TraceMode::kOpenTelemetry ? std::optional(TraceIdentity::Under(caller)) : std::nullopt);
}

TraceSettings Tracer::Settings(const std::string& model) const {
  MutexLock lock(mutex_);
  return CollectorOf(model)->settings();
}

const std::shared_ptr<TraceCollector>& Tracer::CollectorOf(const std::string& model) const {
  if (models_.empty()) return global_.collector;
  const auto found = models_.find(model);
  return found == models_.end() ? global_.collector : found->second.collector;
}

Status Tracer::Update(const std::string& model, const TraceSettingsUpdate& update) {
  MutexLock lock(mutex_);
  const TraceSettings current = CollectorOf(model)->settings();
  const bool is_global = model.empty();
  const auto found = models_.find(model);
  const TraceOverrides own = Apply(update, is_global                ? global_.own
                                           : found == models_.end() ? TraceOverrides()
                                                                    : found->second.own);
  const TraceSettings settings =
      Settle(own, is_global ? start_ : global_.collector->settings(), update.count.has_value(), current);
  RETURN_IF_ERROR(CheckTraceSettings(settings, file(), mode()));
  if (is_global) {
    global_.own = own;
    Replace(global_.collector, settings);
    for (auto& [name, place] : models_) {
      const bool count_changes = update.count.has_value() && !place.own.count.has_value();
      Replace(place.collector, Settle(place.own, settings, count_changes, place.collector->settings()));
    }
  } else if (own == TraceOverrides()) {
    if (found == models_.end()) return {};
    found->second.collector->Flush();
    models_.erase(found);
  } else {
    Place& place = models_[model];
    place.own = own;
    Replace(place.collector, settings);
  }
  SwitchOnOrOff();
  return {};
}

TraceSettings Tracer::Settle(const TraceOverrides& own, const TraceSettings& fallback, bool count_changes,
                             const TraceSettings& current) {
  TraceSettings settings = Resolve(own, fallback);
  if (!count_changes) settings.count = current.count;
  return settings;
}

void Tracer::Replace(std::shared_ptr<TraceCollector>& collector, const TraceSettings& settings) {
  if (collector != nullptr) {
    collector->Flush();
    if (collector->settings() == settings) return;
  }
  collector = std::make_shared<TraceCollector>(settings, *sink_);
}

void Tracer::SwitchOnOrOff() {
  const bool is_on = global_.collector->is_active() ||
                     std::any_of(models_.begin(), models_.end(),
                                 [](const auto& model) { return model.second.collector->is_active(); });
  is_on_.store(is_on, std::memory_order_relaxed);
}

}  // namespace neso
