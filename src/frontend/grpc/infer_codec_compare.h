// Holds the hand-written reading of a ModelInferRequest equal to the generated one; for tests and fuzzing.
#pragma once

#include <string>
#include <string_view>

namespace neso {

// Empty when both agree on `message`: the same verdict and the same contents. Otherwise what differs.
std::string CompareWithGenerated(std::string_view message);

}  // namespace neso
