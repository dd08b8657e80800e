#include "observe/trace_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/exception_status.h"
#include "base/log.h"
#include "observe/trace_file_stream.h"

namespace neso {
namespace {

Status Failure(const std::string& path) {
  return Internal("failed to write traces to '{}': {}", path, std::strerror(errno));
}

// Opens with fopen's `mode` and writes the pieces from `offset` on.
Status WritePieces(const std::string& path, const char* mode, uintmax_t offset,
                   std::initializer_list<std::string_view> pieces) {
  std::FILE* const file = std::fopen(path.c_str(), mode);
  if (file == nullptr) return Failure(path);
  bool is_written = std::fseek(file, static_cast<long>(offset), SEEK_SET) == 0;
  for (const std::string_view piece : pieces) {
    is_written = is_written && std::fwrite(piece.data(), 1, piece.size(), file) == piece.size();
  }
  // A full disk may show only here.
  is_written = std::fclose(file) == 0 && is_written;
  return is_written ? Status() : Failure(path);
}

// As much of the file as is valid JSON: an empty array, or nothing on a disk that has not even room for that.
void LeaveNothing(const std::string& path) {
  if (WritePieces(path, "w", 0, {"[]"}).ok()) return;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) std::filesystem::remove(path, ignored);
}

// A file of its own.
Status WriteArray(const std::string& path, const std::string& traces) {
  Status status = WritePieces(path, "w", 0, {"[", traces, "]"});
  if (!status.ok()) LeaveNothing(path);
  return status;
}

}  // namespace

std::unique_ptr<TraceStream> TraceFile::Open(const TraceSettings& settings) {
  return std::make_unique<TraceFileStream>(shared_from_this(), settings.log_frequency);
}

void TraceFile::Append(std::string traces) { Post({.own_file = false, .traces = std::move(traces)}); }

void TraceFile::WriteNext(std::string traces) { Post({.own_file = true, .traces = std::move(traces)}); }

void TraceFile::Post(Job job) {
  MutexLock lock(mutex_);
  if (!waiting_.empty() && waiting_bytes_ + job.traces.size() > kMaxWaitingBytes) {
    const bool is_told = std::exchange(is_losing_, true);
    lock.Unlock();
    if (!is_told) LOG_ERROR("traces for '{}' are lost: they come faster than they can be written", path_);
    return;
  }
  const size_t bytes = job.traces.size();
  waiting_.push_back(std::move(job));
  waiting_bytes_ += bytes;
  if (is_writing_) return;
  is_writing_ = true;
  const bool here = is_closed_;
  lock.Unlock();
  if (here) return WriteWaiting();
  if (!executor_.Post([self = shared_from_this()] { self->WriteWaiting(); })) WriteWaiting();
}

void TraceFile::WriteWaiting() {
  MutexLock lock(mutex_);
  while (!waiting_.empty()) {
    const Job job = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= job.traces.size();
    lock.Unlock();
    try {
      Write(job);
    } catch (...) {  // without memory: they are lost, and Close() hears that nobody writes any more
      LogException("traces that are written");
    }
    lock.Lock();
  }
  is_losing_ = false;
  is_writing_ = false;
  written_.NotifyAll();
}

void TraceFile::Close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  while (is_writing_) written_.Wait(mutex_);
}

void TraceFile::Write(const Job& job) {
  const Status status =
      job.own_file ? WriteArray(fmt::format("{}.{}", path_, next_index_++), job.traces) : AppendToArray(job.traces);
  if (!status.ok() && !is_failing_) LOG_ERROR("{}", status.message());
  is_failing_ = !status.ok();
}

// Over the bracket at the end. A file that somebody has taken away or changed begins anew.
Status TraceFile::AppendToArray(const std::string& traces) {
  std::error_code ignored;
  if (written_bytes_ == 0 || std::filesystem::file_size(path_, ignored) != written_bytes_) {
    Status status = WriteArray(path_, traces);
    written_bytes_ = status.ok() ? traces.size() + 2 : 0;
    return status;
  }
  const uintmax_t end = written_bytes_ - 1;
  Status status = WritePieces(path_, "r+", end, {",", traces, "]"});
  if (status.ok()) {
    written_bytes_ = end + traces.size() + 2;
  } else if (WritePieces(path_, "r+", end, {"]"}).ok()) {
    // The array as it was: a full disk must not cost what is already there.
    std::filesystem::resize_file(path_, written_bytes_, ignored);
  }
  return status;
}

}  // namespace neso
