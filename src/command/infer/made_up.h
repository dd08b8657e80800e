// Inputs that nobody gave: those of language models that have usual values, and whatever is to be made up.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "command/infer/model_facts.h"

namespace neso::command {

enum class Fill { kNone, kZero, kRandom };

// Adds to `tensors` the inputs of `facts` that are missing and not optional. With a prompt, inputs called prompt, text or
// text_input are that, and sampling_parameters, stream, max_tokens, bad_words and stop_words what Triton's command-line
// tool gives them; the rest is made up as `fill` says, in the shape that `shapes` has for it, or with 1 for sizes that
// are open. Errors: kInvalidArg for a prompt that no input is for, and for a shape that the model does not take;
// kUnsupported for inputs too large to be made up.
Status MakeUpMissing(const ModelFacts& facts, const std::optional<std::string>& prompt, Fill fill,
                     const std::map<std::string, Shape>& shapes, std::vector<Tensor>& tensors);

}  // namespace neso::command
