#include "observe/request_trace.h"

#include <utility>

namespace neso {
namespace {

InferenceTrace& AsTrace(TRITONSERVER_InferenceTrace* trace) { return *static_cast<InferenceTrace*>(trace); }

}  // namespace

RequestTrace::RequestTrace(std::shared_ptr<TraceCollector> collector, std::optional<TraceIdentity> identity)
    : collector_(std::move(collector)), id_(InferenceTrace::NewId()), identity_(std::move(identity)) {
  spans_[id_].id = id_;
}

RequestTrace::~RequestTrace() {
  TracedRequest trace{.spans = {}, .identity = identity_};
  {
    MutexLock lock(mutex_);
    Children children;
    for (const auto& [id, span] : spans_) {
      if (id != id_) children[spans_.contains(span.parent_id) ? span.parent_id : id_].push_back(id);
    }
    MoveSpans(id_, children, trace.spans);
  }
  collector_->Add(trace);
}

void RequestTrace::MoveSpans(uint64_t id, const Children& children, std::vector<TraceSpan>& spans) {
  if (const auto nested = children.find(id); nested != children.end()) {
    for (const uint64_t child : nested->second) MoveSpans(child, children, spans);
  }
  // A request that never came to its model tells nothing.
  TraceSpan& span = spans_[id];
  if (span.has_model) spans.push_back(std::move(span));
}

InferenceTrace* RequestTrace::NewCoreTrace() {
  const auto level = static_cast<TRITONSERVER_InferenceTraceLevel>(collector_->level());
  auto* trace = new InferenceTrace(level, /*parent_id=*/0, OnActivity, OnTensor, OnRelease, this, id_);
  trace->Keep(shared_from_this());
  if (identity_) trace->set_trace_id(trace_id());
  return trace;
}

void RequestTrace::Report(std::string_view activity, uint64_t steady_ns) {
  if ((collector_->level() & TRITONSERVER_TRACE_LEVEL_TIMESTAMPS) == 0) return;
  MutexLock lock(mutex_);
  spans_[id_].events.push_back(
      {.reporter = TraceReporter::kFrontend, .activity = std::string(activity), .steady_ns = steady_ns, .tensor = {}});
}

void RequestTrace::NoteFailure(const Status& status) {
  MutexLock lock(mutex_);
  if (TraceSpan& span = spans_[id_]; span.failure.empty()) span.failure = status.message();
}

std::string RequestTrace::trace_id() const { return identity_ ? TraceIdText(identity_->trace_id) : std::string(); }

std::shared_ptr<void> RequestTrace::ReportWhenGone(std::shared_ptr<RequestTrace> trace, std::string_view activity,
                                                   std::shared_ptr<void> kept) {
  struct Reporter {
    Reporter(std::shared_ptr<RequestTrace> trace, std::string_view activity, std::shared_ptr<void> kept)
        : trace(std::move(trace)), activity(activity), kept(std::move(kept)) {}
    Reporter(const Reporter&) = delete;
    Reporter& operator=(const Reporter&) = delete;
    ~Reporter() { trace->Report(activity); }

    const std::shared_ptr<RequestTrace> trace;
    const std::string_view activity;
    const std::shared_ptr<void> kept;
  };
  return std::make_shared<Reporter>(std::move(trace), activity, std::move(kept));
}

void RequestTrace::Take(InferenceTrace& trace, TraceEvent event) {
  MutexLock lock(mutex_);
  TraceSpan& span = spans_[trace.id()];
  if (!std::exchange(span.has_model, true)) Begin(trace, span);
  span.events.push_back(std::move(event));
}

void RequestTrace::Begin(InferenceTrace& trace, TraceSpan& span) {
  span.id = trace.id();
  span.parent_id = trace.parent_id();
  span.model_name = trace.model_name();
  span.model_version = trace.model_version();
  span.request_id = trace.request_id();
  span.events_before_model = span.events.size();
  if (identity_) trace.set_context(TraceContextJson(*identity_, identity_->SpanId(trace.id(), kModelSpan)));
}

void RequestTrace::End(const InferenceTrace& trace) {
  std::string failure = trace.failure();
  if (failure.empty()) return;
  MutexLock lock(mutex_);
  if (TraceSpan& span = spans_[trace.id()]; span.failure.empty()) span.failure = std::move(failure);
}

void RequestTrace::OnActivity(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity,
                              uint64_t timestamp_ns, void* userp) {
  const bool is_custom = activity == TRITONSERVER_TRACE_CUSTOM_ACTIVITY;
  static_cast<RequestTrace*>(userp)->Take(
      AsTrace(trace), {.reporter = is_custom ? TraceReporter::kBackend : TraceReporter::kCore,
                       .activity = is_custom ? AsTrace(trace).custom_activity() : TraceActivityName(activity),
                       .steady_ns = timestamp_ns,
                       .tensor = {}});
}

void RequestTrace::OnTensor(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity,
                            const char* name, TRITONSERVER_DataType datatype, const void* base, size_t byte_size,
                            const int64_t* shape, uint64_t dim_count, TRITONSERVER_MemoryType memory_type,
                            int64_t /*memory_type_id*/, void* userp) {
  TracedTensor tensor{
      .name = name, .datatype = static_cast<DataType>(datatype), .shape = Shape(shape, shape + dim_count), .bytes = {}};
  // What a GPU has cannot be read here.
  if (memory_type != TRITONSERVER_MEMORY_GPU && base != nullptr) {
    tensor.bytes.assign(static_cast<const char*>(base), byte_size);
  }
  static_cast<RequestTrace*>(userp)->Take(AsTrace(trace), {.reporter = TraceReporter::kCore,
                                                           .activity = TraceActivityName(activity),
                                                           .steady_ns = 0,
                                                           .tensor = std::move(tensor)});
}

void RequestTrace::OnRelease(TRITONSERVER_InferenceTrace* trace, void* userp) {
  static_cast<RequestTrace*>(userp)->End(AsTrace(trace));
  delete static_cast<InferenceTrace*>(trace);
}

}  // namespace neso
