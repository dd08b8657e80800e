// Which optimisation profile of an engine a request runs with. Free of TensorRT's headers.
//
//   const std::optional<size_t> chosen = ChooseProfile(engine, profiles, shapes);     // an index into `profiles`
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "description.h"
#include "neso/backend/status.h"

namespace neso::tensorrt {

// Of one input of the engine, in its order: its shape, and its values if it is a shape tensor.
struct InputExtent {
  std::span<const int64_t> shape;
  std::span<const int64_t> values;
};

// How far `extents` are from what the profile is best at: the sum of the differences; nothing if it does not take them.
std::optional<int64_t> DistanceTo(const EngineDescription& engine, int32_t profile,
                                  std::span<const InputExtent> extents);

// The nearest of `profiles`, the first of several; nothing if none takes them.
std::optional<size_t> ChooseProfile(const EngineDescription& engine, std::span<const int32_t> profiles,
                                    std::span<const InputExtent> extents);

// What an instance group's `profile` says: numbers; profile 0 if it says nothing. `instance` is named in the error,
// INVALID_ARG.
backend::Result<std::vector<int32_t>> ReadProfiles(const std::vector<std::string>& names, int32_t profile_count,
                                                   const std::string& instance);

}  // namespace neso::tensorrt
