#include "base/log.h"

#include <fcntl.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "base/json.h"
#include "base/mutex.h"
#include "base/text.h"

namespace neso::log {
namespace {

class LogFile {
 public:
  explicit LogFile(int fd) : fd_(fd) {}
  ~LogFile() { close(fd_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

bool EscapingFromEnvironment() {
  const char* value = std::getenv("TRITON_SERVER_ESCAPE_LOG_MESSAGES");
  return value == nullptr || std::strcmp(value, "0") != 0;
}

// The one process-wide state, since the C ABI sets it without a server and backends log at any time. It is never
// destroyed: threads of frameworks may log while the process ends.
struct State {
  std::atomic<bool> info{true};
  std::atomic<bool> warning{true};
  std::atomic<bool> error{true};
  std::atomic<int> verbose_level{0};
  std::atomic<LogFormat> format{LogFormat::kDefault};
  const bool escape = EscapingFromEnvironment();

  Mutex mutex;
  std::string path GUARDED_BY(mutex);
  std::shared_ptr<LogFile> file GUARDED_BY(mutex);  // shared with the lines being written to it
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

void WriteFully(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a log that cannot be written is no reason to stop serving
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void Emit(LogLevel level, std::string_view line) {
  State& state = TheState();
  std::shared_ptr<LogFile> file;
  {
    MutexLock lock(state.mutex);
    file = state.file;
  }
  if (file) return WriteFully(file->fd(), line);
  const bool is_problem = level == LogLevel::kWarning || level == LogLevel::kError;
  WriteFully(is_problem ? STDERR_FILENO : STDOUT_FILENO, line);
}

char Letter(LogLevel level) {
  switch (level) {
    case LogLevel::kWarning: return 'W';
    case LogLevel::kError: return 'E';
    case LogLevel::kInfo:
    case LogLevel::kVerbose: break;
  }
  return 'I';
}

std::string PrefixNow(LogLevel level, const char* file, int line) {
  timeval now;
  gettimeofday(&now, nullptr);
  return FormatPrefix(TheState().format, level, now.tv_sec, now.tv_usec, getpid(), file, line);
}

}  // namespace

std::string FormatPrefix(LogFormat format, LogLevel level, int64_t unix_seconds, int64_t microseconds, int pid,
                         std::string_view file, int line) {
  const time_t seconds = unix_seconds;
  tm utc;
  gmtime_r(&seconds, &utc);
  if (format == LogFormat::kIso8601) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z {} {} {}:{}] ", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, Letter(level), pid, BaseName(file), line);
  }
  return fmt::format("{}{:02}{:02} {:02}:{:02}:{:02}.{:06} {} {}:{}] ", Letter(level), utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, microseconds, pid, BaseName(file), line);
}

LogSettings Settings() {
  State& state = TheState();
  MutexLock lock(state.mutex);
  return {.info = state.info,
          .warning = state.warning,
          .error = state.error,
          .verbose_level = state.verbose_level,
          .format = state.format,
          .file = state.path};
}

void SetInfo(bool on) { TheState().info = on; }
void SetWarning(bool on) { TheState().warning = on; }
void SetError(bool on) { TheState().error = on; }
void SetVerboseLevel(int level) { TheState().verbose_level = level < 0 ? 0 : level; }
void SetFormat(LogFormat format) { TheState().format = format; }

Status SetFile(const std::string& path) {
  std::shared_ptr<LogFile> file;
  if (!path.empty()) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) return Internal("failed to open log file '{}': {}", path, std::strerror(errno));
    file = std::make_shared<LogFile>(fd);
  }
  State& state = TheState();
  MutexLock lock(state.mutex);
  state.file.swap(file);
  state.path = path;
  return {};
}

bool IsEnabled(LogLevel level) {
  State& state = TheState();
  switch (level) {
    case LogLevel::kInfo: return state.info;
    case LogLevel::kWarning: return state.warning;
    case LogLevel::kError: return state.error;
    case LogLevel::kVerbose: break;
  }
  return IsVerboseEnabled(1);
}

bool IsVerboseEnabled(int level) { return TheState().verbose_level >= level; }

void Write(LogLevel level, const char* file, int line, std::string_view message) {
  std::string text = PrefixNow(level, file, line);
  if (TheState().escape) {
    AppendJsonString(text, message);
  } else {
    text += message;
  }
  text += '\n';
  Emit(level, text);
}

void WriteUnescaped(LogLevel level, const char* file, int line, std::string_view message) {
  std::string text = PrefixNow(level, file, line);
  text.append("\n").append(message).append("\n");
  Emit(level, text);
}

}  // namespace neso::log
