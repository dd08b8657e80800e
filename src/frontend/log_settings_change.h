// What a client wants changed of the log's settings; one place for both protocols, which have their own types and
// texts.
//
//   LogSettingsChange change;
//   if (std::optional<bool>* flag = change.Flag("log_info")) *flag = false;
//   change.Apply();
//
// Source: Triton's logging extension.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "base/status.h"

namespace neso {

// "default", "ISO8601" or "json".
const char* LogFormatName(LogFormat format);

// A value; nothing changes before Apply, so that a request with one mistake changes nothing.
class LogSettingsChange {
 public:
  // Where the new value of "log_info", "log_warning" or "log_error" goes; null for other names.
  std::optional<bool>* Flag(std::string_view name);
  // Levels beyond int are the highest one.
  void SetVerboseLevel(uint64_t level);
  // False for a text that is no format.
  [[nodiscard]] bool SetFormat(std::string_view text);
  // Only what was set: another client may change the rest at the same time.
  void Apply() const;

 private:
  std::optional<bool> info_, warning_, error_;
  std::optional<int> verbose_level_;
  std::optional<LogFormat> format_;
};

// kUnsupported, whatever the value: a client does not choose which of the server's files is written.
Status LogFileIsFixed();

}  // namespace neso
