// GET and POST /v2/logging.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

// {"log_file":"","log_info":true,...}: the settings as they are.
std::string LogSettingsJson();

// Changes what the body names; null values and unknown members change nothing. Errors, with nothing changed:
// kInternal for bad JSON and wrong types, kUnsupported for "log_file", kUnavailable for an unknown format.
Status ChangeLogSettings(std::string_view body);

}  // namespace neso
