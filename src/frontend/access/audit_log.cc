#include "frontend/access/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"

namespace neso {
namespace {

constexpr size_t kMaxWaitingBytes = 16u << 20;
constexpr size_t kMaxText = 512;
constexpr unsigned kRefusalsPerSecond = 100;

void AppendMember(std::string& line, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  line += ",\"";
  line += name;
  line += "\":";
  AppendJsonString(line, ToUtf8(text.substr(0, kMaxText)));
}

std::string Now() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, ms);
}

std::string Line(const AuditEntry& entry, uint64_t suppressed) {
  std::string line = "{\"time\":\"" + Now() + "\"";
  AppendMember(line, "key", entry.key);
  AppendMember(line, "peer", entry.peer);
  AppendMember(line, "operation", entry.operation);
  AppendMember(line, "request", entry.request);
  AppendMember(line, "model", entry.model);
  AppendMember(line, "result", entry.result);
  AppendMember(line, "reason", entry.reason);
  if (suppressed > 0) line += fmt::format(",\"refusals_not_listed\":{}", suppressed);
  return line + "}\n";
}

}  // namespace

AuditLog::~AuditLog() {
  if (fd_ >= 0) close(fd_);
}

Status AuditLog::Open() {
  const Status status = OpenFile();
  return status.ok() ? Status() : InvalidArg("{}", status.message());
}

void AuditLog::Append(const AuditEntry& entry) {
  // Of the many lines of inference some may be lost where the disk is too slow; of the others none.
  AppendLine(Line(entry, 0), entry.operation == "inference");
}

void AuditLog::AppendRefused(const AuditEntry& entry) {
  uint64_t suppressed = 0;
  {
    const int64_t second = std::chrono::steady_clock::now().time_since_epoch() / std::chrono::seconds(1);
    MutexLock lock(mutex_);
    if (std::exchange(second_, second) != second) refusals_ = 0;
    if (++refusals_ > kRefusalsPerSecond) {
      ++suppressed_;
      return;
    }
    suppressed = std::exchange(suppressed_, 0);
  }
  AppendLine(Line(entry, suppressed), true);
}

void AuditLog::AppendLine(std::string line, bool may_be_lost) {
  MutexLock lock(mutex_);
  if (may_be_lost && waiting_.size() > kMaxWaitingBytes) {
    ++lost_;
    return;
  }
  waiting_ += line;
  if (is_writing_) return;
  is_writing_ = true;
  const bool here = is_closed_;
  lock.Unlock();
  if (here || !executor_.Post([self = shared_from_this()] { self->WriteWaiting(); })) WriteWaiting();
}

void AuditLog::WriteWaiting() {
  MutexLock lock(mutex_);
  while (!waiting_.empty()) {
    const std::string lines = std::exchange(waiting_, {});
    const uint64_t lost = std::exchange(lost_, 0);
    lock.Unlock();
    Write(lines);
    if (lost > 0) Write(fmt::format("{{\"time\":\"{}\",\"lines_lost\":{}}}\n", Now(), lost));
    lock.Lock();
  }
  is_writing_ = false;
  written_.NotifyAll();
}

void AuditLog::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  while (is_writing_) written_.Wait(mutex_);
}

void AuditLog::Write(std::string_view lines) {
  Status status = Rotate(lines.size());
  while (status.ok() && !lines.empty()) {
    const ssize_t written = write(fd_, lines.data(), lines.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) status = Internal("failed to write audit log '{}': {}", settings_.file, std::strerror(errno));
    if (written > 0) lines.remove_prefix(static_cast<size_t>(written));
  }
  if (!status.ok() && !is_failing_) LOG_ERROR("{}; lines are lost until it can be written again", status.message());
  is_failing_ = !status.ok();
}

Status AuditLog::OpenFile() {
  if (fd_ >= 0) close(fd_);
  // Names of models and addresses of clients are not everybody's to read.
  fd_ = open(settings_.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (fd_ < 0) return Internal("failed to open audit log '{}': {}", settings_.file, std::strerror(errno));
  return {};
}

Status AuditLog::Rotate(size_t coming) {
  struct stat ours {
  }, named{};
  const bool is_there = fd_ >= 0 && fstat(fd_, &ours) == 0 && stat(settings_.file.c_str(), &named) == 0 &&
                        ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
  if (!is_there) return OpenFile();
  const bool is_full =
      settings_.max_bytes > 0 && ours.st_size > 0 && static_cast<uint64_t>(ours.st_size) + coming > settings_.max_bytes;
  if (!is_full) return {};
  if (std::rename(settings_.file.c_str(), (settings_.file + ".1").c_str()) != 0) {
    return Internal("failed to rename audit log '{}': {}", settings_.file, std::strerror(errno));
  }
  return OpenFile();
}

}  // namespace neso
