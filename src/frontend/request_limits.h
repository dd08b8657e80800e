// How many things one inference request may name. No model has as many; what is beyond is refused before anything is
// made of it.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"
#include "config/validate.h"

namespace neso {

inline constexpr size_t kMaxRequestTensors = kMaxTensors;  // inputs; outputs likewise
inline constexpr size_t kMaxRequestParameters = 10'000;    // of the request itself

struct RequestCounts {
  size_t inputs = 0;
  size_t outputs = 0;
  size_t parameters = 0;
};

// Error: kInvalidArg.
inline Status CheckRequestCounts(const RequestCounts& counts, std::string_view model) {
  if (counts.inputs > kMaxRequestTensors || counts.outputs > kMaxRequestTensors) {
    return InvalidArg("expected at most {} inputs and outputs but got {} inputs and {} outputs for model '{}'",
                      kMaxRequestTensors, counts.inputs, counts.outputs, model);
  }
  if (counts.parameters <= kMaxRequestParameters) return {};
  return InvalidArg("expected at most {} parameters but got {} for model '{}'", kMaxRequestParameters,
                    counts.parameters, model);
}

}  // namespace neso
