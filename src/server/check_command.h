// `neso check MODEL-FOLDER [option...]`: loads one model as a server would, runs its warm-up, and says what it is or
// what is wrong with it. Opens no port.
//
//   ASSIGN_OR_RETURN(const std::vector<std::string> arguments, CheckArguments({"neso", "check", "/models/digits"}));
//   return CheckModel(*ParseOptions(arguments, ProcessEnvironment).options);   // after the log is set up
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "server/options.h"

namespace neso {

// The command line of a server that serves nothing but this model. `arguments`: those of the process, "check" second.
// Errors: kInvalidArg when no folder is named, or one that is no model's, with what was found instead.
Expected<std::vector<std::string>> CheckArguments(const std::vector<std::string>& arguments);

// Prints to stdout what was loaded and returns 0, or to stderr what is wrong and returns 1.
int CheckModel(const Options& options);

}  // namespace neso
