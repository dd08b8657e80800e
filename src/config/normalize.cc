#include <algorithm>

#include "config/complete.h"
#include "config/ensemble.h"

namespace neso {
namespace {

constexpr uint64_t kDefaultSequenceIdleMicroseconds = 1'000'000;

void DefaultPreferredSize(int max_batch_size, google::protobuf::RepeatedField<int32_t>* sizes) {
  if (sizes->empty() && max_batch_size > 0) sizes->Add(max_batch_size);
}

bool Contains(std::span<const int> gpus, int id) { return std::find(gpus.begin(), gpus.end(), id) != gpus.end(); }

inference::ModelInstanceGroup::Kind ResolveAuto(const inference::ModelInstanceGroup& group, std::span<const int> gpus) {
  const bool all_usable =
      std::all_of(group.gpus().begin(), group.gpus().end(), [&](int id) { return Contains(gpus, id); });
  return !gpus.empty() && all_usable ? inference::ModelInstanceGroup::KIND_GPU
                                     : inference::ModelInstanceGroup::KIND_CPU;
}

// Whether the backend says what suits it, and a GPU does not.
bool IsForCpuOnly(std::span<const inference::ModelInstanceGroup> preferred) {
  return !preferred.empty() && std::all_of(preferred.begin(), preferred.end(), [](const auto& wish) {
    return wish.kind() == inference::ModelInstanceGroup::KIND_CPU;
  });
}

// The group of a model that names none: the first wish of the backend that this machine can serve.
inference::ModelInstanceGroup PreferredGroup(std::span<const int> gpus,
                                             std::span<const inference::ModelInstanceGroup> preferred) {
  for (const inference::ModelInstanceGroup& wish : preferred) {
    const bool wants_gpu = wish.kind() == inference::ModelInstanceGroup::KIND_GPU;
    if (wants_gpu && gpus.empty()) continue;
    inference::ModelInstanceGroup group;
    group.set_kind(wish.kind());
    group.set_count(wish.count());
    for (const int id : wish.gpus()) {
      const bool keep = wants_gpu ? Contains(gpus, id) : wish.kind() == inference::ModelInstanceGroup::KIND_AUTO;
      if (keep) group.add_gpus(id);
    }
    return group;
  }
  return {};
}

// On a CPU two instances hide the gaps between executions of these frameworks.
int DefaultCount(const inference::ModelInstanceGroup& group, const std::string& backend) {
  const bool paired = backend == "onnxruntime" || backend == "tensorflow";
  return paired && group.kind() == inference::ModelInstanceGroup::KIND_CPU ? 2 : 1;
}

}  // namespace

void NormalizeModelConfig(inference::ModelConfig& config) {
  if (!config.has_version_policy()) config.mutable_version_policy()->mutable_latest()->set_num_versions(1);
  if (config.has_dynamic_batching()) {
    DefaultPreferredSize(config.max_batch_size(), config.mutable_dynamic_batching()->mutable_preferred_batch_size());
  }
  if (config.has_sequence_batching()) {
    inference::ModelSequenceBatching& sequence = *config.mutable_sequence_batching();
    if (sequence.has_oldest()) {
      DefaultPreferredSize(config.max_batch_size(), sequence.mutable_oldest()->mutable_preferred_batch_size());
    }
    if (sequence.max_sequence_idle_microseconds() == 0) {
      sequence.set_max_sequence_idle_microseconds(kDefaultSequenceIdleMicroseconds);
    }
  }
  if (IsEnsemble(config)) return;
  inference::ModelOptimizationPolicy& optimization = *config.mutable_optimization();
  if (!optimization.has_input_pinned_memory()) optimization.mutable_input_pinned_memory()->set_enable(true);
  if (!optimization.has_output_pinned_memory()) optimization.mutable_output_pinned_memory()->set_enable(true);
}

void NormalizeInstanceGroups(std::span<const int> gpus, std::span<const inference::ModelInstanceGroup> preferred,
                             inference::ModelConfig& config) {
  if (IsEnsemble(config)) return;
  if (config.instance_group().empty()) {
    *config.add_instance_group() = PreferredGroup(gpus, preferred);
    config.mutable_instance_group(0)->set_name(config.name());
  }
  const std::span<const int> for_auto = IsForCpuOnly(preferred) ? std::span<const int>() : gpus;
  for (int i = 0; i < config.instance_group_size(); ++i) {
    inference::ModelInstanceGroup& group = *config.mutable_instance_group(i);
    if (group.name().empty()) group.set_name(config.name() + "_" + std::to_string(i));
    if (group.kind() == inference::ModelInstanceGroup::KIND_AUTO) group.set_kind(ResolveAuto(group, for_auto));
    if (group.kind() == inference::ModelInstanceGroup::KIND_GPU && group.gpus().empty()) {
      group.mutable_gpus()->Add(gpus.begin(), gpus.end());
    }
    if (group.count() < 1) group.set_count(DefaultCount(group, config.backend()));
  }
}

Status MergeBackendConfig(const inference::ModelConfig& proposal, inference::ModelConfig& config) {
  const auto current = config.scheduling_choice_case();
  if (current != inference::ModelConfig::SCHEDULING_CHOICE_NOT_SET && proposal.scheduling_choice_case() != current) {
    return Internal("Cannot update scheduling choice from {} to {} when auto-completing.", static_cast<int>(current),
                    static_cast<int>(proposal.scheduling_choice_case()));
  }
  if (current == inference::ModelConfig::SCHEDULING_CHOICE_NOT_SET) {
    if (proposal.has_dynamic_batching()) *config.mutable_dynamic_batching() = proposal.dynamic_batching();
    if (proposal.has_sequence_batching()) *config.mutable_sequence_batching() = proposal.sequence_batching();
    if (proposal.has_ensemble_scheduling()) {
      return Internal("model '{}': a backend cannot turn its model into an ensemble", config.name());
    }
  }
  config.set_max_batch_size(proposal.max_batch_size());
  *config.mutable_input() = proposal.input();
  *config.mutable_output() = proposal.output();
  if (proposal.has_model_transaction_policy()) {
    config.mutable_model_transaction_policy()->set_decoupled(proposal.model_transaction_policy().decoupled());
  }
  NormalizeModelConfig(config);
  return {};
}

}  // namespace neso
