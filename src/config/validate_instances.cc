#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/saturating.h"
#include "config/ensemble.h"
#include "config/validate.h"

namespace neso {
namespace {

using inference::ModelInstanceGroup;

Status ValidateGpus(const ModelInstanceGroup& group, const std::string& model, const GpuInventory& gpus) {
  if (group.gpus().empty()) {
    return InvalidArg("instance group {} of model {} has kind KIND_GPU but {}", group.name(), model,
                      gpus.ids.empty() ? "no GPUs are available" : "specifies no GPUs");
  }
  for (const int id : group.gpus()) {
    if (std::find(gpus.ids.begin(), gpus.ids.end(), id) != gpus.ids.end()) continue;
    return InvalidArg(
        "instance group {} of model {} specifies invalid or unsupported gpu id {}. GPUs with at least the minimum "
        "required CUDA compute compatibility of {:f} are: {}",
        group.name(), model, id, gpus.min_compute_capability, fmt::join(gpus.ids.begin(), gpus.ids.end(), ", "));
  }
  return {};
}

Status ValidateKind(const ModelInstanceGroup& group, const std::string& model, const GpuInventory& gpus) {
  switch (group.kind()) {
    case ModelInstanceGroup::KIND_GPU: return ValidateGpus(group, model, gpus);
    case ModelInstanceGroup::KIND_CPU:
    case ModelInstanceGroup::KIND_MODEL:
      if (group.gpus().empty()) return {};
      return InvalidArg("instance group {} of model {} has kind {} but specifies one or more GPUs", group.name(), model,
                        ModelInstanceGroup::Kind_Name(group.kind()));
    default: return Internal("instance group {} of model {} has unexpected kind KIND_AUTO", group.name(), model);
  }
}

// The number at the front of a profile's text, as `stoi` reads it; what follows is let pass.
Status ValidateProfile(const std::string& profile, const ModelInstanceGroup& group,
                       const inference::ModelConfig& config) {
  int index = 0;
  if (std::from_chars(profile.data(), profile.data() + profile.size(), index).ec != std::errc()) {
    return InvalidArg("unable to parse '{}': stoi", profile);
  }
  if (index >= 0) return {};
  return InvalidArg(
      "instance group {} of model {} and platform {} specifies invalid profile {}. The field should contain the string "
      "representation of a non-negative integer.",
      group.name(), config.name(), config.platform(), profile);
}

Status ValidateProfiles(const ModelInstanceGroup& group, const inference::ModelConfig& config) {
  if (group.profile().empty()) return {};
  if (config.platform() != "tensorrt_plan") {
    // The platform joins the next word in the text that users search for.
    return InvalidArg(
        "instance group {} of model {} and platform {}specifies profile field which is only supported for TensorRT "
        "models",
        group.name(), config.name(), config.platform());
  }
  for (const std::string& profile : group.profile()) RETURN_IF_ERROR(ValidateProfile(profile, group, config));
  return {};
}

}  // namespace

uint64_t InstanceCount(const ModelInstanceGroup& group) {
  const auto count = static_cast<uint64_t>(std::max(group.count(), 1));
  return SaturatingMultiply(count, static_cast<uint64_t>(std::max(group.gpus_size(), 1)));
}

Status ValidateInstanceGroups(const inference::ModelConfig& config, const GpuInventory& gpus) {
  if (IsEnsemble(config)) return {};
  if (config.instance_group().empty()) {
    return InvalidArg("must specify one or more 'instance group's for {}", config.name());
  }
  uint64_t instances = 0;
  for (const ModelInstanceGroup& group : config.instance_group()) {
    instances = SaturatingAdd(instances, InstanceCount(group));
    if (instances > kMaxInstances) {
      return InvalidArg("instance group {} of model {}: expected at most {} instances of a model, got {}", group.name(),
                        config.name(), kMaxInstances, instances);
    }
    RETURN_IF_ERROR(ValidateKind(group, config.name(), gpus));
    RETURN_IF_ERROR(ValidateProfiles(group, config));
  }
  return {};
}

}  // namespace neso
