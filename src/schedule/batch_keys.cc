#include "schedule/batch_keys.h"

namespace neso {

const ParameterValue* BatchKeys::KeyOf(const InferenceRequest& request) const {
  for (const NamedParameter& parameter : request.parameters()) {
    if (parameter.name == parameter_) return &parameter.value;
  }
  return nullptr;
}

std::span<const std::vector<size_t>> BatchKeys::Sort(std::span<const RequestQueue::Entry> window) {
  known_.clear();
  for (size_t i = 0; i < window.size(); ++i) {
    const auto [at, is_new] = known_.try_emplace(KeyOf(*window[i].request), known_.size());
    if (is_new && groups_.size() < known_.size()) groups_.emplace_back();
    std::vector<size_t>& group = groups_[at->second];
    if (is_new) group.clear();
    group.push_back(i);
  }
  return std::span(groups_).first(known_.size());
}

}  // namespace neso
