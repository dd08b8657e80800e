// Who did what, a JSON object a line, in a file.
//
//   auto audit = std::make_shared<AuditLog>(AuditSettings{.file = "audit.jsonl"}, executor);
//   audit->Append({.key = "team-a", .peer = "10.0.0.1:52100", .operation = "model-repository", .result = "200", ...});
//
// Nobody who is answered waits for the disk: an executor's thread writes. The file may be taken away at any time, as
// logrotate does: the next line goes to a new one. What cannot be written is lost, and the log says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/status.h"

namespace neso {

struct AuditSettings {
  std::string file;        // empty: there is no audit log
  bool inference = false;  // also what neither manages the server nor is refused
  uint64_t max_bytes = 0;  // then the file becomes "<file>.1", in place of the one before; 0: it grows
};

struct AuditEntry {
  std::string_view key;  // its name; empty: none was needed, or none is known
  std::string_view peer;
  std::string_view operation;
  std::string_view request;  // "POST /v2/repository/models/m/load" or "/inference.GRPCInferenceService/ModelInfer"
  std::string_view model;    // empty: the request is about none
  std::string_view result;   // "200", "OK", "PERMISSION_DENIED"
  std::string_view reason;   // of a refusal
};

// Thread-safe.
class AuditLog final : public std::enable_shared_from_this<AuditLog> {
 public:
  // `executor` is used until Close.
  AuditLog(AuditSettings settings, Executor& executor) : settings_(std::move(settings)), executor_(executor) {}
  ~AuditLog();

  const AuditSettings& settings() const { return settings_; }
  // Whether the file can be written. Error: kInvalidArg.
  Status Open();
  void Append(const AuditEntry& entry);
  // As Append, of a request that was refused. Anybody can have requests refused: those beyond a number a second are
  // counted, and the next line says how many there were.
  void AppendRefused(const AuditEntry& entry);
  // Waits until everything is written; lines that come later are written by who brings them.
  void Close();

 private:
  void AppendLine(std::string line, bool may_be_lost);
  void WriteWaiting();
  void Write(std::string_view lines);
  Status OpenFile();
  // Takes another file, if this one has been taken away or is full.
  Status Rotate(size_t coming);

  const AuditSettings settings_;
  Executor& executor_;
  Mutex mutex_;
  CondVar written_;
  std::string waiting_ GUARDED_BY(mutex_);
  bool is_writing_ GUARDED_BY(mutex_) = false;
  bool is_closed_ GUARDED_BY(mutex_) = false;
  uint64_t lost_ GUARDED_BY(mutex_) = 0;        // lines
  uint64_t suppressed_ GUARDED_BY(mutex_) = 0;  // of refusals
  int64_t second_ GUARDED_BY(mutex_) = 0;
  unsigned refusals_ GUARDED_BY(mutex_) = 0;  // in second_

  // The writing thread's.
  int fd_ = -1;
  bool is_failing_ = false;
};

}  // namespace neso
