// What the command line can ask for and this server takes without effect: options that size something absent.
#pragma once

#include <string>
#include <vector>

#include "server/options.h"

namespace neso {

// Names of the given options that are accepted and change nothing yet.
std::vector<std::string> OptionsWithoutEffect(const Options& options);

}  // namespace neso
