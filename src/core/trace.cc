#include "core/trace.h"

#include <atomic>
#include <utility>

#include "base/clock.h"
#include "base/inline_host.h"

namespace neso {
namespace {

std::atomic<uint64_t> last_trace_id{0};
// The name of the backend activity that this thread reports: valid in the callback, where it is asked for.
thread_local std::string reported_activity;

// The two old levels mean TIMESTAMPS.
TRITONSERVER_InferenceTraceLevel WithoutOldLevels(TRITONSERVER_InferenceTraceLevel level) {
  constexpr unsigned kOld = TRITONSERVER_TRACE_LEVEL_MIN | TRITONSERVER_TRACE_LEVEL_MAX;
  const auto bits = static_cast<unsigned>(level);
  if ((bits & kOld) == 0) return level;
  return static_cast<TRITONSERVER_InferenceTraceLevel>((bits & ~kOld) | TRITONSERVER_TRACE_LEVEL_TIMESTAMPS);
}

}  // namespace

InferenceTrace::InferenceTrace(TRITONSERVER_InferenceTraceLevel level, uint64_t parent_id,
                               TRITONSERVER_InferenceTraceActivityFn_t activity,
                               TRITONSERVER_InferenceTraceTensorActivityFn_t tensor_activity,
                               TRITONSERVER_InferenceTraceReleaseFn_t release, void* userp)
    : level_(WithoutOldLevels(level)),
      id_(last_trace_id.fetch_add(1, std::memory_order_relaxed) + 1),
      parent_id_(parent_id),
      activity_(activity),
      tensor_activity_(tensor_activity),
      release_(release),
      userp_(userp) {}

void InferenceTrace::SetModel(std::string name, int64_t version, std::string request_id) {
  model_name_ = std::move(name);
  model_version_ = version;
  request_id_ = std::move(request_id);
}

void InferenceTrace::Report(TRITONSERVER_InferenceTraceActivity activity, uint64_t steady_ns) {
  if ((level_ & TRITONSERVER_TRACE_LEVEL_TIMESTAMPS) == 0 || activity_ == nullptr) return;
  NoInlineScope no_inline;
  activity_(this, activity, steady_ns, userp_);
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
  NoInlineScope no_inline;
  tensor_activity_(this, activity, name, static_cast<TRITONSERVER_DataType>(datatype), base, byte_size, shape.data(),
                   shape.size(), static_cast<TRITONSERVER_MemoryType>(memory.memory_type), memory.memory_type_id,
                   userp_);
}

InferenceTrace* InferenceTrace::SpawnChild() {
  auto* child = new InferenceTrace(level_, id_, activity_, tensor_activity_, release_, userp_);
  child->context_ = context_;
  return child;
}

void InferenceTrace::Release(InferenceTrace* trace) {
  NoInlineScope no_inline;
  trace->release_(trace, trace->userp_);
}

}  // namespace neso
