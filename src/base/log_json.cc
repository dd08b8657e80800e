#include "base/log_json.h"

#include <ctime>
#include <iterator>

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

// With a comma behind it; nothing for an empty value.
void AppendMember(std::string& text, std::string_view quoted_name, std::string_view value) {
  if (value.empty()) return;
  text += quoted_name;
  text += ':';
  AppendJsonString(text, ToUtf8(value));
  text += ',';
}

}  // namespace

std::string FormatJsonLine(const JsonLine& line) {
  const time_t seconds = line.unix_seconds;
  tm utc;
  gmtime_r(&seconds, &utc);
  std::string text =
      fmt::format(R"({{"time":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z","level":"{}","pid":{},"thread":{},)",
                  utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                  line.microseconds, NameOf(line.level), line.pid, line.thread);
  AppendMember(text, R"("file")", BaseName(line.file));
  fmt::format_to(std::back_inserter(text), R"("line":{},)", line.line);
  AppendMember(text, R"("model")", line.subject.model);
  if (line.subject.version >= 0) fmt::format_to(std::back_inserter(text), R"("version":{},)", line.subject.version);
  AppendMember(text, R"("request_id")", line.subject.request_id);
  AppendMember(text, R"("trace_id")", line.subject.trace_id);
  text += R"("message":)";
  AppendJsonString(text, ToUtf8(line.message));
  text += "}\n";
  return text;
}

}  // namespace neso::log
