#include <algorithm>

#include "base/saturating.h"
#include "config/data_type.h"
#include "config/validate.h"

namespace neso {
namespace {

// Of the samples together, over all instances; a warm-up that is worth its time has thousands.
constexpr uint64_t kMaxWarmUpRequests = 1'000'000;

uint64_t ScheduledInstances(const inference::ModelConfig& config) {
  uint64_t instances = 0;
  for (const auto& group : config.instance_group()) {
    if (!group.passive()) instances += InstanceCount(group);
  }
  return std::max<uint64_t>(instances, 1);
}

// Variable dimensions are reported where the data is made.
uint64_t FixedDataBytes(const inference::ModelWarmup::Input& input) {
  uint64_t bytes = ZeroByteSize(input.data_type());
  for (const int64_t dim : input.dims()) {
    bytes = SaturatingMultiply(bytes, dim < 0 ? uint64_t{0} : static_cast<uint64_t>(dim));
  }
  return bytes;
}

}  // namespace

Status ValidateWarmUp(const inference::ModelConfig& config) {
  uint64_t requests = 0;
  uint64_t bytes = 0;
  for (const inference::ModelWarmup& sample : config.model_warmup()) {
    if (sample.batch_size() == 0) continue;
    requests = SaturatingAdd(requests, sample.batch_size() * uint64_t{std::max(sample.count(), 1U)});
    for (const auto& [name, input] : sample.inputs()) {
      bytes = SaturatingAdd(bytes, SaturatingMultiply(FixedDataBytes(input), uint64_t{sample.batch_size()}));
      if (bytes <= kMaxWarmUpBytes) continue;
      return InvalidArg(
          "warmup sample '{}': expected at most {} bytes of inputs together, got {} with input '{}' for {}",
          sample.name(), kMaxWarmUpBytes, bytes, name, config.name());
    }
  }
  const uint64_t instances = ScheduledInstances(config);
  requests = SaturatingMultiply(requests, instances);
  if (requests <= kMaxWarmUpRequests) return {};
  return InvalidArg(
      "model warmup: expected at most {} requests (batch_size times count, of all samples, on {} instances), got {} "
      "for {}",
      kMaxWarmUpRequests, instances, requests, config.name());
}

}  // namespace neso
