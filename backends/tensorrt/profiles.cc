#include "profiles.h"

#include <algorithm>
#include <cstdlib>

#include "neso/backend/parameters.h"

namespace neso::tensorrt {
namespace {

// Nothing if one of them is outside.
std::optional<int64_t> DistanceIn(const Range& range, std::span<const int64_t> numbers) {
  if (numbers.size() != range.min.size() || numbers.size() != range.max.size() || numbers.size() != range.opt.size()) {
    return std::nullopt;
  }
  int64_t distance = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < range.min[i] || numbers[i] > range.max[i]) return std::nullopt;
    distance += std::abs(numbers[i] - range.opt[i]);
  }
  return distance;
}

}  // namespace

std::optional<int64_t> DistanceTo(const EngineDescription& engine, int32_t profile,
                                  std::span<const InputExtent> extents) {
  const auto index = static_cast<size_t>(profile);
  int64_t distance = 0;
  for (size_t i = 0; i < engine.inputs.size(); ++i) {
    const EngineTensor& input = engine.inputs[i];
    const bool by_values = input.is_shape_tensor;
    const std::vector<Range>& ranges = by_values ? input.values : input.dims;
    if (index >= ranges.size()) return std::nullopt;
    const std::optional<int64_t> part = DistanceIn(ranges[index], by_values ? extents[i].values : extents[i].shape);
    if (!part) return std::nullopt;
    distance += *part;
  }
  return distance;
}

std::optional<size_t> ChooseProfile(const EngineDescription& engine, std::span<const int32_t> profiles,
                                    std::span<const InputExtent> extents) {
  std::optional<size_t> chosen;
  int64_t least = 0;
  for (size_t i = 0; i < profiles.size(); ++i) {
    const std::optional<int64_t> distance = DistanceTo(engine, profiles[i], extents);
    if (!distance || (chosen && *distance >= least)) continue;
    chosen = i;
    least = *distance;
  }
  return chosen;
}

backend::Result<std::vector<int32_t>> ReadProfiles(const std::vector<std::string>& names, int32_t profile_count,
                                                   const std::string& instance) {
  if (names.empty()) return std::vector<int32_t>{0};
  std::vector<int32_t> profiles;
  for (const std::string& name : names) {
    const backend::Result<int64_t> profile = backend::ParseInt(name);
    if (!profile || *profile < 0 || *profile >= profile_count) {
      return backend::Status::InvalidArg("Can not set the specified optimization profile ", name, "[",
                                         profile ? std::to_string(*profile) : "not a number", "] for ", instance,
                                         ". Expected optimization profile index range 0-", profile_count - 1);
    }
    profiles.push_back(static_cast<int32_t>(*profile));
  }
  return profiles;
}

}  // namespace neso::tensorrt
