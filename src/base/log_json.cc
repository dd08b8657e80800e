#include "base/log_json.h"

#include <ctime>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace neso::log {
namespace {

const char* NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kWarning: return "WARNING";
    case LogLevel::kError: return "ERROR";
    case LogLevel::kVerbose: return "VERBOSE";
    case LogLevel::kInfo: break;
  }
  return "INFO";
}

}  // namespace

std::string FormatJsonLine(LogLevel level, int64_t unix_seconds, int64_t microseconds, int pid, std::string_view file,
                           int line, std::string_view message) {
  const time_t seconds = unix_seconds;
  tm utc;
  gmtime_r(&seconds, &utc);
  std::string text = fmt::format(
      R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z","level":"{}","pid":{},"file":)", utc.tm_year + 1900,
      utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, microseconds, NameOf(level), pid);
  AppendJsonString(text, ToUtf8(BaseName(file)));
  text += fmt::format(R"(,"line":{},"message":)", line);
  AppendJsonString(text, ToUtf8(message));
  text += "}\n";
  return text;
}

}  // namespace neso::log
