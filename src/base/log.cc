#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

#include "base/json.h"
#include "base/log_file.h"
#include "base/log_foreign.h"
#include "base/log_json.h"
#include "base/log_repeats.h"
#include "base/log_scope.h"
#include "base/mutex.h"
#include "base/text.h"

namespace neso::log {
namespace {

// A log line waits this long for whoever reads it; then it is lost, and so are those after it until there is room.
constexpr int kPatienceMs = 1000;

// A line of its own, in the form that lines have, in the place of those that were lost.
std::string NoteOfLost(size_t lines, bool is_file);

// Where lines go: a file, or one of the process's own streams, which may be a pipe or a terminal that nobody reads.
// Thread-safe.
//
// What can be full is asked for room before every write, and is given no more than a pipe takes whole: then the write
// does not wait. (A stream is shared with other processes, so it is not made non-blocking.)
class LogStream {
 public:
  LogStream(int fd, bool is_ours)
      : fd_(fd), is_ours_(is_ours), is_file_(IsFile(fd)), most_at_once_(is_file_ ? SIZE_MAX : PIPE_BUF) {}
  ~LogStream() {
    if (is_ours_) close(fd_);
  }
  LogStream(const LogStream&) = delete;
  LogStream& operator=(const LogStream&) = delete;

  void Write(std::string_view line) {
    MutexLock lock(mutex_);
    if (lost_ > 0 && HasRoom(0) && WriteNow((is_cut_ ? "\n" : "") + NoteOfLost(lost_, is_file_))) lost_ = 0;
    // While it is stuck nobody waits, so that neither requests nor the stop do.
    if (lost_ > 0 || !WriteNow(line)) lost_++;
  }

 private:
  static bool IsFile(int fd) {
    struct stat about = {};
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  }

  bool HasRoom(int timeout_ms) const {
    pollfd room{.fd = fd_, .events = POLLOUT, .revents = 0};
    return poll(&room, 1, timeout_ms) != 0;  // errors are the write's to find
  }

  // False when it could not be written, or not as a whole: that is no reason to stop serving.
  bool WriteNow(std::string_view text) REQUIRES(mutex_) {
    const size_t size = text.size();
    while (!text.empty()) {
      const ssize_t written = HasRoom(kPatienceMs) ? write(fd_, text.data(), std::min(text.size(), most_at_once_)) : 0;
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;
      text.remove_prefix(static_cast<size_t>(written));
    }
    if (text.size() < size) is_cut_ = !text.empty();
    return text.empty();
  }

  const int fd_;
  const bool is_ours_;
  const bool is_file_;
  const size_t most_at_once_;
  Mutex mutex_;
  size_t lost_ GUARDED_BY(mutex_) = 0;
  bool is_cut_ GUARDED_BY(mutex_) = false;  // the last line that is there has no end
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
  std::atomic<bool> reopen_asked{false};
  LogRepeats repeats;

  Mutex mutex;
  std::string path GUARDED_BY(mutex);
  std::shared_ptr<LogStream> file GUARDED_BY(mutex);  // shared with the lines being written to it
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

void Emit(LogLevel level, std::string_view line) {
  State& state = TheState();
  if (state.reopen_asked.load(std::memory_order_relaxed)) [[unlikely]] {
    ReopenFileIfAsked();
  }
  std::shared_ptr<LogStream> file;
  {
    MutexLock lock(state.mutex);
    file = state.file;
  }
  if (file) return file->Write(line);
  static LogStream& out = *new LogStream(STDOUT_FILENO, false);  // as long as anybody logs
  static LogStream& err = *new LogStream(STDERR_FILENO, false);
  const bool is_problem = level == LogLevel::kWarning || level == LogLevel::kError;
  (is_problem ? err : out).Write(line);
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

Expected<std::shared_ptr<LogStream>> OpenFile(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return Internal("failed to open log file '{}': {}", path, std::strerror(errno));
  return std::make_shared<LogStream>(fd, true);
}

std::string LineNow(LogLevel level, const char* file, int line, std::string_view message, bool is_escaped) {
  timeval now;
  gettimeofday(&now, nullptr);
  const LogFormat format = TheState().format;
  if (format == kJsonFormat) {
    return FormatJsonLine({.level = level,
                           .unix_seconds = now.tv_sec,
                           .microseconds = now.tv_usec,
                           .pid = getpid(),
                           .thread = static_cast<int>(syscall(SYS_gettid)),
                           .file = file,
                           .line = line,
                           .subject = LogScope::Current(),
                           .message = message});
  }
  std::string text = FormatPrefix(format, level, now.tv_sec, now.tv_usec, getpid(), file, line);
  if (is_escaped) {
    AppendJsonString(text, message);
  } else {
    text += message;
  }
  text += '\n';
  return text;
}

std::string NoteOfLost(size_t lines, bool is_file) {
  const char* const reason = is_file ? "the file could not be written" : "nobody read the log";
  return LineNow(LogLevel::kWarning, __FILE__, __LINE__,
                 fmt::format("{} log lines are missing here: {}", lines, reason), TheState().escape);
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
  std::shared_ptr<LogStream> file;
  if (!path.empty()) {
    ASSIGN_OR_RETURN(file, OpenFile(path));
  }
  State& state = TheState();
  MutexLock lock(state.mutex);
  state.file.swap(file);
  state.path = path;
  return {};
}

void AskToReopenFile() noexcept { TheState().reopen_asked.store(true, std::memory_order_relaxed); }

void ReopenFileIfAsked() {
  if (!TheState().reopen_asked.exchange(false, std::memory_order_relaxed)) return;
  const std::string path = Settings().file;
  if (path.empty()) return;
  Expected<std::shared_ptr<LogStream>> file = OpenFile(path);
  if (!file) {
    LOG_ERROR("{}; going on in the old one", file.error().message());
    return;
  }
  State& state = TheState();
  MutexLock lock(state.mutex);
  // Meanwhile another file may have been chosen.
  if (state.path == path) state.file.swap(*file);
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
  if (level == LogLevel::kWarning || level == LogLevel::kError) {
    const LogRepeats::Verdict verdict = TheState().repeats.Admit(file, line, message, std::chrono::steady_clock::now());
    for (const std::string& note : verdict.notes) WriteForeign(LogLevel::kWarning, __FILE__, __LINE__, note);
    if (!verdict.is_written) return;
  }
  WriteForeign(level, file, line, message);
}

void WriteForeign(LogLevel level, const char* file, int line, std::string_view message) {
  Emit(level, LineNow(level, file, line, message, TheState().escape));
}

void WriteUnescaped(LogLevel level, const char* file, int line, std::string_view message) {
  // On new lines behind the prefix.
  const std::string begin = TheState().format == kJsonFormat ? "" : "\n";
  Emit(level, LineNow(level, file, line, begin + std::string(message), false));
}

}  // namespace neso::log
