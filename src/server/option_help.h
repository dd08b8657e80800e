// The usage text: "Usage: tritonserver [options]", then every option with its description, by group.
#pragma once

#include <string>

namespace neso {

std::string UsageText();

}  // namespace neso
