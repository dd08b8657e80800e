// The inputs of a request from the words of a command line.
//
//   pixels=@digit.npy   image=@cat.jpg   x=1,2,3   x=[[1,2],[3,4]]   text=-
//
// Without a name where the model needs one input only. A word that comes again for an input adds to its batch.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "command/infer/image.h"
#include "command/infer/made_up.h"
#include "command/infer/model_facts.h"

namespace neso::command {

struct InputOptions {
  std::map<std::string, Shape> shapes = {};  // of inputs whose values come without one
  ImageScaling scaling = ImageScaling::kNone;
  std::optional<std::string> prompt = {};  // of a language model
  Fill fill = Fill::kNone;                 // of inputs that nobody gives
  std::string standard_input = {};         // what "-" stands for
};

// Errors: kInvalidArg, which input and what was expected; which inputs are missing, and how they are given.
Expected<std::vector<Tensor>> ReadInputs(const std::vector<std::string>& words, const ModelFacts& facts,
                                         const InputOptions& options);

// Whether one of them is "-", or ends with "=-".
bool ReadsStandardInput(const std::vector<std::string>& words);

}  // namespace neso::command
