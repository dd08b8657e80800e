// Log lines of others: of plug-ins, and of the models in them. What they say is theirs, however often they say it.
#pragma once

#include <string_view>

#include "base/log.h"

namespace neso::log {

// As Write, but repeats are no matter (base/log_repeats.h). `file` need not stay.
void WriteForeign(LogLevel level, const char* file, int line, std::string_view message);

}  // namespace neso::log
