// Makes a serialized pipeline of a Python file, in a process of its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "errors.h"

namespace neso::dali {

// Runs `command` with the name of an output file behind it, and gives what that file has then. An error tells what the
// process said last, or that it took longer than `limit`; then it and what it started are killed.
Result<std::string> RunForOutput(std::vector<std::string> command, std::chrono::milliseconds limit);

}  // namespace neso::dali
