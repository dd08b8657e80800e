#include "core/trace.h"

#include <atomic>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "core/foreign_call.h"

namespace neso {
namespace {

// The name of the backend activity that this thread reports: valid in the callback, where it is asked for.
thread_local std::string reported_activity;

TRITONSERVER_InferenceTraceLevel WithoutOldLevels(TRITONSERVER_InferenceTraceLevel level) {
  constexpr unsigned kOld = TRITONSERVER_TRACE_LEVEL_MIN | TRITONSERVER_TRACE_LEVEL_MAX;
  const auto bits = static_cast<unsigned>(level);
  if ((bits & kOld) == 0) return level;
  return static_cast<TRITONSERVER_InferenceTraceLevel>((bits & ~kOld) | TRITONSERVER_TRACE_LEVEL_TIMESTAMPS);
}

}  // namespace

const char* TraceActivityName(TRITONSERVER_InferenceTraceActivity activity) {
  switch (activity) {
    case TRITONSERVER_TRACE_REQUEST_START: return "REQUEST_START";
    case TRITONSERVER_TRACE_QUEUE_START: return "QUEUE_START";
    case TRITONSERVER_TRACE_COMPUTE_START: return "COMPUTE_START";
    case TRITONSERVER_TRACE_COMPUTE_INPUT_END: return "COMPUTE_INPUT_END";
    case TRITONSERVER_TRACE_COMPUTE_OUTPUT_START: return "COMPUTE_OUTPUT_START";
    case TRITONSERVER_TRACE_COMPUTE_END: return "COMPUTE_END";
    case TRITONSERVER_TRACE_REQUEST_END: return "REQUEST_END";
    case TRITONSERVER_TRACE_TENSOR_QUEUE_INPUT: return "TENSOR_QUEUE_INPUT";
    case TRITONSERVER_TRACE_TENSOR_BACKEND_INPUT: return "TENSOR_BACKEND_INPUT";
    case TRITONSERVER_TRACE_TENSOR_BACKEND_OUTPUT: return "TENSOR_BACKEND_OUTPUT";
    case TRITONSERVER_TRACE_CUSTOM_ACTIVITY: return "CUSTOM_ACTIVITY";
  }
  return "<unknown>";
}

InferenceTrace::InferenceTrace(TRITONSERVER_InferenceTraceLevel level, uint64_t parent_id,
                               TRITONSERVER_InferenceTraceActivityFn_t activity,
                               TRITONSERVER_InferenceTraceTensorActivityFn_t tensor_activity,
                               TRITONSERVER_InferenceTraceReleaseFn_t release, void* userp, uint64_t id)
    : level_(WithoutOldLevels(level)),
      id_(id),
      parent_id_(parent_id),
      activity_(activity),
      tensor_activity_(tensor_activity),
      release_(release),
      userp_(userp),
      key_{.high = 0, .low = id, .is_w3c = false} {}

uint64_t InferenceTrace::NewId() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

void InferenceTrace::set_trace_id(std::string id) {
  trace_id_ = std::move(id);
  if (const std::optional<TraceKey> key = ParseW3cKey(trace_id_)) key_ = *key;
}

void InferenceTrace::SetModel(std::string name, int64_t version, std::string request_id) {
  model_name_ = std::move(name);
  model_version_ = version;
  request_id_ = std::move(request_id);
}

void InferenceTrace::Report(TRITONSERVER_InferenceTraceActivity activity, uint64_t steady_ns) {
  if ((level_ & TRITONSERVER_TRACE_LEVEL_TIMESTAMPS) == 0 || activity_ == nullptr) return;
  LogFailure(CallForeign("the activity callback of a trace", activity_, this, activity, steady_ns, userp_));
}

void InferenceTrace::ReportNow(TRITONSERVER_InferenceTraceActivity activity) { Report(activity, SteadyNanoseconds()); }

void InferenceTrace::ReportCustom(const char* name, uint64_t steady_ns) {
  reported_activity = name;
  Report(TRITONSERVER_TRACE_CUSTOM_ACTIVITY, steady_ns);
}

const std::string& InferenceTrace::custom_activity() const { return reported_activity; }

void InferenceTrace::ReportTensor(TRITONSERVER_InferenceTraceActivity activity, const char* name, DataType datatype,
                                  const void* base, size_t byte_size, const Shape& shape,
                                  const BufferAttributes& memory) {
  if (!wants_tensors() || tensor_activity_ == nullptr) return;
  LogFailure(CallForeign("the tensor callback of a trace", tensor_activity_, this, activity, name,
                         static_cast<TRITONSERVER_DataType>(datatype), base, byte_size, shape.data(), shape.size(),
                         static_cast<TRITONSERVER_MemoryType>(memory.memory_type), memory.memory_type_id, userp_));
}

void InferenceTrace::NoteFailure(const Status& status) {
  MutexLock lock(mutex_);
  if (!failure_.empty()) return;
  failure_ = status.message().empty() ? std::string(StatusCodeText(status.code())) : status.message();
}

std::string InferenceTrace::failure() const {
  MutexLock lock(mutex_);
  return failure_;
}

InferenceTrace* InferenceTrace::SpawnChild() {
  auto* child = new InferenceTrace(level_, id_, activity_, tensor_activity_, release_, userp_);
  child->context_ = context_;
  child->trace_id_ = trace_id_;
  if (key_.is_w3c) child->key_ = key_;
  child->owner_ = owner_;
  return child;
}

void InferenceTrace::Release(InferenceTrace* trace) {
  LogFailure(CallForeign("the release callback of a trace", trace->release_, trace, trace->userp_));
}

}  // namespace neso
