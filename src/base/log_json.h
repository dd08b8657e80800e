// Log lines as JSON objects, for what collects logs:
//
//   {"time":"2026-11-22T15:43:01.001234Z","level":"INFO","pid":4711,"thread":4715,"file":"lifecycle.cc","line":98,
//    "model":"digits","version":1,"message":"loading: digits:1"}
//
// A line is one object whatever the message holds, tables included; what is no UTF-8 in it is replaced. What the line is
// about (base/log_scope.h) is left out where it is not known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/log_scope.h"

namespace neso::log {

// LogFormat has the numbers of the C interface, which has none for this form.
inline constexpr LogFormat kJsonFormat{2};

struct JsonLine {
  LogLevel level = LogLevel::kInfo;
  int64_t unix_seconds = 0;
  int64_t microseconds = 0;
  int pid = 0;
  int thread = 0;  // as the system numbers it
  std::string_view file{};
  int line = 0;
  LogSubject subject{};
  std::string_view message{};
};
// The object and the line's end. Pure.
std::string FormatJsonLine(const JsonLine& line);

}  // namespace neso::log
