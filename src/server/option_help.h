// What the command line says about itself: usage, versions.
#pragma once

#include <string>

#include "server/option_spec.h"

namespace neso {

// "Usage: neso [options]", then every option that `program` has with its description, by group.
std::string UsageText(Program program);

// One option as the usage shows it.
std::string OptionText(const OptionSpec& option);

// "neso 0.1.0 (speaks Triton Inference Server 2.73.0)"
std::string VersionText();

}  // namespace neso
