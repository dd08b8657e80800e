// The process log: LOG_INFO("loading: {}:{}", name, version);
//
// Line formats, streams and escaping are Triton's, since people parse them:
//   default   I1122 15:43:01.123456 4711 model_lifecycle.cc:469] "loading: digits:1"      (UTC)
//   ISO8601   2026-11-22T15:43:01Z I 4711 model_lifecycle.cc:469] "loading: digits:1"
// The message is JSON-escaped and quoted unless TRITON_SERVER_ESCAPE_LOG_MESSAGES=0. INFO and verbose lines go to
// stdout, WARNING and ERROR to stderr; with a log file all are appended to it. Thread-safe; a line is one write. No
// line waits for a console that nobody reads: it is lost then, and the next one that is read says so.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace neso {

enum class LogLevel { kInfo = 0, kWarning = 1, kError = 2, kVerbose = 3 };  // numbers of TRITONSERVER_LogLevel
enum class LogFormat { kDefault = 0, kIso8601 = 1 };

struct LogSettings {
  bool info = true;
  bool warning = true;
  bool error = true;
  int verbose_level = 0;
  LogFormat format = LogFormat::kDefault;
  std::string file;  // empty: the console
};

namespace log {
// The settings are the process's: the C ABI sets them without a server (TRITONSERVER_ServerOptionsSetLog*).
LogSettings Settings();
void SetInfo(bool on);
void SetWarning(bool on);
void SetError(bool on);
void SetVerboseLevel(int level);
void SetFormat(LogFormat format);
// Empty: back to the console. Error: kInternal with the reason if it cannot be opened for appending.
Status SetFile(const std::string& path);

bool IsEnabled(LogLevel level);
bool IsVerboseEnabled(int level);
// `file` is shown as its base name.
void Write(LogLevel level, const char* file, int line, std::string_view message);
// As Write, but never escaped: tables and protobuf texts, printed on new lines after the prefix.
void WriteUnescaped(LogLevel level, const char* file, int line, std::string_view message);

// What stands before the message, up to and with "] ". Pure.
std::string FormatPrefix(LogFormat format, LogLevel level, int64_t unix_seconds, int64_t microseconds, int pid,
                         std::string_view file, int line);
}  // namespace log

}  // namespace neso

#define NESO_LOG_AT(level, ...)                                                                                 \
  do {                                                                                                          \
    if (::neso::log::IsEnabled(level)) ::neso::log::Write(level, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (false)
#define LOG_INFO(...) NESO_LOG_AT(::neso::LogLevel::kInfo, __VA_ARGS__)
#define LOG_WARNING(...) NESO_LOG_AT(::neso::LogLevel::kWarning, __VA_ARGS__)
#define LOG_ERROR(...) NESO_LOG_AT(::neso::LogLevel::kError, __VA_ARGS__)
#define LOG_VERBOSE(at, ...)                                                                        \
  do {                                                                                              \
    if (::neso::log::IsVerboseEnabled(at))                                                          \
      ::neso::log::Write(::neso::LogLevel::kVerbose, __FILE__, __LINE__, fmt::format(__VA_ARGS__)); \
  } while (false)
