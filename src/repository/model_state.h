// States of a model version, as the repository index shows them.
//
// LOADING -> READY | UNAVAILABLE; READY -> UNLOADING -> UNAVAILABLE ("unloaded"); UNAVAILABLE | UNLOADING -> LOADING.
// A READY version that is loaded again stays READY meanwhile. One that serves, but is lost (VersionLoader::WhyLost), is
// shown as UNAVAILABLE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace neso {

enum class ModelState : uint8_t { kUnknown, kReady, kUnavailable, kLoading, kUnloading };
const char* ModelStateName(ModelState state);  // "READY", ...

struct ModelIndexEntry {
  std::string name;
  int64_t version = -1;  // -1: no version known
  ModelState state = ModelState::kUnknown;
  std::string reason;
  bool is_lost = false;  // it is there, and answers errors
};

// The reason of a version that was unloaded on purpose: it does not count against the server's readiness.
inline constexpr const char* kUnloadedReason = "unloaded";
// Whether this is the reason of such a version, or of one that ended with another model: "unloaded: <why>".
inline bool IsUnloadedReason(std::string_view reason) { return reason.starts_with(kUnloadedReason); }

}  // namespace neso
