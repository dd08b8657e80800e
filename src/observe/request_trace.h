// What is recorded of one traced request: by the front end that has it, by the core, and by the calls nested in it.
//
//   std::shared_ptr<RequestTrace> trace = tracer.Sample(model);         // null nearly always
//   trace->Report("HTTP_RECV_START", exchange.receive_start_ns());
//   InferenceRequest::Submit(request, trace->NewCoreTrace());
//   ...
//   trace->Report("HTTP_SEND_START");
//   answer.release = RequestTrace::ReportWhenGone(trace, "HTTP_SEND_END", std::move(answer.release));
//
// Goes to its collector when the front end and the core have let it go.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "core/trace.h"
#include "observe/trace_collector.h"

namespace neso {

// Thread-safe.
class RequestTrace final : public std::enable_shared_from_this<RequestTrace> {
 public:
  // Of a request that `collector` has sampled. `identity`: where traces have one beyond this server.
  explicit RequestTrace(std::shared_ptr<TraceCollector> collector, std::optional<TraceIdentity> identity = {});
  ~RequestTrace();
  RequestTrace(const RequestTrace&) = delete;
  RequestTrace& operator=(const RequestTrace&) = delete;

  // For Submit, which takes it; once.
  InferenceTrace* NewCoreTrace();
  // An activity of the front end; at TIMESTAMPS level, otherwise nothing.
  void Report(std::string_view activity, uint64_t steady_ns = SteadyNanoseconds());
  // Why the request fails, as its client is told. The first reason counts.
  void NoteFailure(const Status& status);
  // 32 hexadecimal digits; empty where traces have no identity.
  std::string trace_id() const;
  // Keeps `kept` and, when it goes itself, reports `activity`, whose text outlives it.
  static std::shared_ptr<void> ReportWhenGone(std::shared_ptr<RequestTrace> trace, std::string_view activity,
                                              std::shared_ptr<void> kept);

 private:
  using Children = std::map<uint64_t, std::vector<uint64_t>>;

  // Takes an event of a trace, whose span begins with the first.
  void Take(InferenceTrace& trace, TraceEvent event);
  // The spans from here on are below that of `trace`, which a backend can ask for.
  void Begin(InferenceTrace& trace, TraceSpan& span) REQUIRES(mutex_);
  void End(const InferenceTrace& trace);
  // Those of nested calls first, in the order in which they began.
  void MoveSpans(uint64_t id, const Children& children, std::vector<TraceSpan>& spans) REQUIRES(mutex_);
  static void OnActivity(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity,
                         uint64_t timestamp_ns, void* userp);
  static void OnTensor(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity,
                       const char* name, TRITONSERVER_DataType datatype, const void* base, size_t byte_size,
                       const int64_t* shape, uint64_t dim_count, TRITONSERVER_MemoryType memory_type,
                       int64_t memory_type_id, void* userp);
  static void OnRelease(TRITONSERVER_InferenceTrace* trace, void* userp);

  const std::shared_ptr<TraceCollector> collector_;
  const uint64_t id_;
  const std::optional<TraceIdentity> identity_;
  Mutex mutex_;
  // By trace id: this request's, which is always there, and those of calls nested in it.
  std::map<uint64_t, TraceSpan> spans_ GUARDED_BY(mutex_);
};

}  // namespace neso
