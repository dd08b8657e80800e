#include "backend/instance_spec.h"

#include <tuple>

namespace neso {
namespace {

using inference::ModelInstanceGroup;

InstanceSpec SpecOfGroup(const ModelInstanceGroup& group) {
  InstanceSpec spec;
  spec.kind = ToApiKind(group.kind());
  spec.is_passive = group.passive();
  spec.host_policy = group.host_policy();
  spec.profiles.assign(group.profile().begin(), group.profile().end());
  for (const auto& device : group.secondary_devices()) {
    spec.secondary_devices.push_back(
        {ModelInstanceGroup::SecondaryDevice::SecondaryDeviceKind_Name(device.kind()), device.device_id()});
  }
  if (group.has_rate_limiter()) spec.rate_limiter = group.rate_limiter().SerializeAsString();
  return spec;
}

std::string DefaultHostPolicy(const InstanceSpec& spec) {
  switch (spec.kind) {
    case TRITONSERVER_INSTANCEGROUPKIND_GPU: return "gpu_" + std::to_string(spec.device_id);
    case TRITONSERVER_INSTANCEGROUPKIND_MODEL: return "model";
    default: return "cpu";
  }
}

}  // namespace

bool InstanceSpec::SameButForName(const InstanceSpec& other) const {
  const auto rest = [](const InstanceSpec& spec) {
    return std::tie(spec.kind, spec.device_id, spec.is_passive, spec.host_policy, spec.profiles, spec.secondary_devices,
                    spec.rate_limiter);
  };
  return rest(*this) == rest(other);
}

std::vector<InstanceSpec> ExpandInstanceGroups(const inference::ModelConfig& config) {
  std::vector<InstanceSpec> specs;
  for (const ModelInstanceGroup& group : config.instance_group()) {
    const InstanceSpec common = SpecOfGroup(group);
    std::vector<int32_t> devices(group.gpus().begin(), group.gpus().end());
    if (devices.empty()) devices.push_back(0);
    for (int32_t n = 0; n < group.count(); ++n) {
      for (int32_t device : devices) {
        InstanceSpec& spec = specs.emplace_back(common);
        spec.name = group.name() + "_" + std::to_string(n);
        spec.device_id = device;
        if (spec.host_policy.empty()) spec.host_policy = DefaultHostPolicy(spec);
      }
    }
  }
  return specs;
}

TRITONSERVER_InstanceGroupKind ToApiKind(ModelInstanceGroup::Kind kind) {
  switch (kind) {
    case ModelInstanceGroup::KIND_CPU: return TRITONSERVER_INSTANCEGROUPKIND_CPU;
    case ModelInstanceGroup::KIND_GPU: return TRITONSERVER_INSTANCEGROUPKIND_GPU;
    case ModelInstanceGroup::KIND_MODEL: return TRITONSERVER_INSTANCEGROUPKIND_MODEL;
    default: return TRITONSERVER_INSTANCEGROUPKIND_AUTO;
  }
}

ModelInstanceGroup::Kind FromApiKind(TRITONSERVER_InstanceGroupKind kind) {
  switch (kind) {
    case TRITONSERVER_INSTANCEGROUPKIND_CPU: return ModelInstanceGroup::KIND_CPU;
    case TRITONSERVER_INSTANCEGROUPKIND_GPU: return ModelInstanceGroup::KIND_GPU;
    case TRITONSERVER_INSTANCEGROUPKIND_MODEL: return ModelInstanceGroup::KIND_MODEL;
    default: return ModelInstanceGroup::KIND_AUTO;
  }
}

}  // namespace neso
