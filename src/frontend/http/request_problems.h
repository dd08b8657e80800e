// All that does not fit between the JSON of an inference request and its model, for people. The codec stops at the
// first mistake with the protocol's text; this goes on, and says what was expected, what came, and what was probably
// meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"

namespace neso {

// "input 'pixel': the model has no such input; did you mean 'pixels'?". Stops after kMostProblems of them. Empty when
// nothing is found, which does not mean that the request is right.
inline constexpr size_t kMostProblems = 10;
std::vector<std::string> ProblemsOfInference(const Model& model, std::string_view json);
// The same for the object of the generate extension, whose unknown members are parameters.
std::vector<std::string> ProblemsOfGenerate(const Model& model, std::string_view json);

// What clients sent, shortened for a message.
std::string Shown(std::string_view text);

}  // namespace neso
