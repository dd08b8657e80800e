// A trace of one request: TRITONSERVER_InferenceTrace.
//
// Made by whoever wants to know (a front end's tracer, an embedder); taken by Submit; reports activities through its
// callbacks; given back through the release callback when nobody can report any more.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "core/exemplar.h"
#include "core/types.h"

namespace neso {

// "REQUEST_START", ...; "<unknown>" for what is no activity.
const char* TraceActivityName(TRITONSERVER_InferenceTraceActivity activity);

// Thread-safe reporting; the setters belong to its maker before Submit.
class InferenceTrace final : public TRITONSERVER_InferenceTrace {
 public:
  // MIN and MAX, the old levels, mean TIMESTAMPS.
  InferenceTrace(TRITONSERVER_InferenceTraceLevel level, uint64_t parent_id,
                 TRITONSERVER_InferenceTraceActivityFn_t activity,
                 TRITONSERVER_InferenceTraceTensorActivityFn_t tensor_activity,
                 TRITONSERVER_InferenceTraceReleaseFn_t release, void* userp, uint64_t id = NewId());
  // Numbers from 1, unique in the process.
  static uint64_t NewId();

  uint64_t id() const { return id_; }
  uint64_t parent_id() const { return parent_id_; }
  TRITONSERVER_InferenceTraceLevel level() const { return level_; }
  const std::string& model_name() const { return model_name_; }
  int64_t model_version() const { return model_version_; }
  const std::string& request_id() const { return request_id_; }
  const std::string& context() const { return context_; }
  void set_context(std::string context) { context_ = std::move(context); }
  // The trace that this one is part of wherever the request goes (W3C trace-id), as 32 hexadecimal digits; empty where
  // nobody gave it one.
  const std::string& trace_id() const { return trace_id_; }
  void set_trace_id(std::string id);
  // By what it can be looked up: that, or its own number.
  const TraceKey& key() const { return key_; }
  // Kept alive by this trace and those spawned from it: what `userp` points to, say.
  void Keep(std::shared_ptr<void> owner) { owner_ = std::move(owner); }
  void SetModel(std::string name, int64_t version, std::string request_id);

  // At TIMESTAMPS level; otherwise nothing.
  void Report(TRITONSERVER_InferenceTraceActivity activity, uint64_t steady_ns);
  void ReportNow(TRITONSERVER_InferenceTraceActivity activity);
  // A backend's own activity (CUSTOM_ACTIVITY): name and time.
  void ReportCustom(const char* name, uint64_t steady_ns);
  // At TENSORS level; otherwise nothing.
  void ReportTensor(TRITONSERVER_InferenceTraceActivity activity, const char* name, DataType datatype, const void* base,
                    size_t byte_size, const Shape& shape, const BufferAttributes& memory);
  // Why the request fails: for who has the trace back. The first reason counts.
  void NoteFailure(const Status& status);
  // Empty as long as nothing failed.
  std::string failure() const;
  bool wants_tensors() const { return (level_ & TRITONSERVER_TRACE_LEVEL_TENSORS) != 0; }
  // The name given to ReportCustom; valid inside the activity callback.
  const std::string& custom_activity() const;
  // A trace with this one as parent and the same callbacks; owned by the caller until it is given to Submit.
  InferenceTrace* SpawnChild();
  // Calls the release callback, which owns the trace from then on.
  static void Release(InferenceTrace* trace);

 private:
  const TRITONSERVER_InferenceTraceLevel level_;
  const uint64_t id_;
  const uint64_t parent_id_;
  const TRITONSERVER_InferenceTraceActivityFn_t activity_;
  const TRITONSERVER_InferenceTraceTensorActivityFn_t tensor_activity_;
  const TRITONSERVER_InferenceTraceReleaseFn_t release_;
  void* const userp_;
  std::string model_name_;
  int64_t model_version_ = -1;
  std::string request_id_;
  std::string context_;
  std::string trace_id_;
  TraceKey key_;
  std::shared_ptr<void> owner_;
  mutable Mutex mutex_;
  std::string failure_ GUARDED_BY(mutex_);
};

}  // namespace neso
