// What a person who has just started a server with one model types next: the call to make, as a line for the shell and as a
// program in Python.
//
//   std::fputs(FirstCalls(*server, options).c_str(), stdout);
#pragma once

#include <string>

#include "engine/inference_server.h"
#include "server/options.h"

namespace neso {

// Of many models the first ones.
std::string FirstCalls(const InferenceServer& server, const Options& options);

}  // namespace neso
