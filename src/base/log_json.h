// Log lines as JSON objects, for what collects logs:
//
//   {"time":"2026-11-22T15:43:01.001234Z","level":"INFO","pid":4711,"file":"lifecycle.cc","line":98,"message":"..."}
//
// A line is one object whatever the message holds, tables included; what is no UTF-8 in it is replaced.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"

namespace neso::log {

// LogFormat has the numbers of the C interface, which has none for this form.
inline constexpr LogFormat kJsonFormat{2};

// The object and the line's end. Pure.
std::string FormatJsonLine(LogLevel level, int64_t unix_seconds, int64_t microseconds, int pid, std::string_view file,
                           int line, std::string_view message);

}  // namespace neso::log
