// The files that traces are written to, by an executor's threads: nobody who has traces waits for a disk.
//
//   auto file = std::make_shared<TraceFile>("t.json", executor);
//   file->Append(R"({"id":1,...})");       // t.json is [{"id":1,...}]
//   file->Append(R"({"id":2,...})");       // t.json is [{"id":1,...},{"id":2,...}]
//   file->WriteNext(R"({"id":3,...})");    // t.json.0 is [{"id":3,...}]
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/status.h"
#include "observe/trace_sink.h"

namespace neso {

// Thread-safe. What cannot be written is lost, and so is what comes while kMaxWaitingBytes wait for a slow disk; the
// log says so, once until writing works again.
class TraceFile final : public TraceSink, public std::enable_shared_from_this<TraceFile> {
 public:
  // `executor` is used until Close.
  TraceFile(std::string path, Executor& executor) : path_(std::move(path)), executor_(executor) {}

  const std::string& file() const override { return path_; }
  std::unique_ptr<TraceStream> Open(const TraceSettings& settings) override;

  // `traces` are elements of a JSON array, with commas between them. The file is a whole array after each call; the
  // first one replaces what was there.
  void Append(std::string traces);
  // To a file of their own, "<path>.<n>" with n from 0.
  void WriteNext(std::string traces);
  void Close() override;

  static constexpr size_t kMaxWaitingBytes = 64u << 20;

 private:
  struct Job {
    bool own_file = false;
    std::string traces;
  };
  void Post(Job job);
  // Writes what waits. One thread at a time: the one that set is_writing_.
  void WriteWaiting();
  void Write(const Job& job);
  Status AppendToArray(const std::string& traces);

  const std::string path_;
  Executor& executor_;
  Mutex mutex_;
  CondVar written_;
  std::deque<Job> waiting_ GUARDED_BY(mutex_);
  size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;  // of the traces in it
  bool is_losing_ GUARDED_BY(mutex_) = false;
  bool is_writing_ GUARDED_BY(mutex_) = false;
  bool is_closed_ GUARDED_BY(mutex_) = false;

  // The writing thread's.
  uintmax_t written_bytes_ = 0;  // size of the array as it was left
  uint64_t next_index_ = 0;
  bool is_failing_ = false;
};

}  // namespace neso
