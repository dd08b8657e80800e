// GET and POST /v2/trace/setting and /v2/models/M/trace/setting.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "observe/tracer.h"

namespace neso {

// {"trace_level":["OFF"],"trace_rate":"1000",...}: what counts for `model`, or globally for an empty name.
std::string TraceSettingsJson(const Tracer& tracer, const std::string& model);

// Changes what the body names: null clears a value, unknown members and levels change nothing. Errors, with nothing
// changed: kInternal for bad JSON and wrong types, kUnsupported for "trace_file", kInvalidArg for wrong values.
Status ChangeTraceSettings(Tracer& tracer, const std::string& model, std::string_view body);

}  // namespace neso
