// The instances that a configuration's instance groups stand for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model_config.pb.h"
#include "core/abi.h"

namespace neso {

// One instance to make.
struct InstanceSpec {
  std::string name;  // "<group>_<n>"; the instances of one count on several GPUs share it
  TRITONSERVER_InstanceGroupKind kind = TRITONSERVER_INSTANCEGROUPKIND_CPU;
  int32_t device_id = 0;
  bool is_passive = false;
  std::string host_policy;  // never empty: "cpu", "gpu_<id>" or "model" by default
  std::vector<std::string> profiles;
  struct SecondaryDevice {
    std::string kind;
    int64_t id;
    bool operator==(const SecondaryDevice&) const = default;
  };
  std::vector<SecondaryDevice> secondary_devices;
  std::string rate_limiter;  // the configuration message, serialised

  bool operator==(const InstanceSpec&) const = default;
  // Whether an instance made for `other` serves for this one as it is.
  bool SameButForName(const InstanceSpec& other) const;
};

// Precondition: the groups went through NormalizeInstanceGroups.
std::vector<InstanceSpec> ExpandInstanceGroups(const inference::ModelConfig& config);

TRITONSERVER_InstanceGroupKind ToApiKind(inference::ModelInstanceGroup::Kind kind);
inference::ModelInstanceGroup::Kind FromApiKind(TRITONSERVER_InstanceGroupKind kind);

}  // namespace neso
