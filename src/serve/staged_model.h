// A model repository made of links to one model, and the command line of a server that serves it.
//
//   ASSIGN_OR_RETURN(const std::unique_ptr<StagedModel> staged, StageModel({"neso", "serve", "digits.onnx"}));
//   RunServer(staged->arguments);                   // the folder goes with `staged`
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/staged_model.h"
#include "base/status.h"

namespace neso {

// `arguments`: those of the process, from "neso" and "serve" or "init" on. Errors: kInvalidArg for a command line that cannot
// be meant and for what is no model, kInternal when the disk says no.
Expected<std::unique_ptr<StagedModel>> StageModel(const std::vector<std::string>& arguments);

}  // namespace neso
