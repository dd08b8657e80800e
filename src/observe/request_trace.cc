#include "observe/request_trace.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "observe/tensor_text.h"
#include "observe/utf8.h"

namespace neso {
namespace {

void AppendText(std::string& json, const char* key, std::string_view text) {
  json += key;
  AppendJsonString(json, ToUtf8(text));
}

std::string Header(const InferenceTrace& trace) {
  std::string json = fmt::format("{{\"id\":{}", trace.id());
  AppendText(json, ",\"model_name\":", trace.model_name());
  json += fmt::format(",\"model_version\":{}", trace.model_version());
  if (!trace.request_id().empty()) AppendText(json, ",\"request_id\":", trace.request_id());
  if (trace.parent_id() != 0) json += fmt::format(",\"parent_id\":{}", trace.parent_id());
  json.push_back('}');
  return json;
}

std::string Timestamp(uint64_t id, std::string_view activity, uint64_t steady_ns) {
  std::string json = fmt::format("{{\"id\":{},\"timestamps\":[{{", id);
  AppendText(json, "\"name\":", activity);
  json += fmt::format(",\"ns\":{}}}]}}", steady_ns);
  return json;
}

std::string Tensor(uint64_t id, std::string_view activity, const char* name, DataType datatype, std::string_view bytes,
                   std::span<const int64_t> shape) {
  std::string json = fmt::format("{{\"id\":{},\"activity\":\"{}\",\"tensor\":{{", id, activity);
  AppendText(json, "\"name\":", name);
  json += ",\"data\":";
  AppendJsonString(json, TensorText(datatype, bytes));
  json += fmt::format(",\"shape\":\"{}\",\"dtype\":\"{}\"}}}}", fmt::join(shape, ","), DataTypeName(datatype));
  return json;
}

void AppendElement(std::string& elements, std::string_view element) {
  if (element.empty()) return;
  if (!elements.empty()) elements.push_back(',');
  elements += element;
}

const InferenceTrace& AsTrace(TRITONSERVER_InferenceTrace* trace) { return *static_cast<InferenceTrace*>(trace); }

}  // namespace

RequestTrace::RequestTrace(std::shared_ptr<TraceCollector> collector)
    : collector_(std::move(collector)), id_(InferenceTrace::NewId()), blocks_{{id_, Block()}} {}

RequestTrace::~RequestTrace() {
  std::string elements;
  {
    MutexLock lock(mutex_);
    Children children;
    for (const auto& [id, block] : blocks_) {
      if (id != id_) children[blocks_.contains(block.parent_id) ? block.parent_id : id_].push_back(id);
    }
    AppendBlocks(id_, children, elements);
  }
  collector_->Add(elements);
}

void RequestTrace::AppendBlocks(uint64_t id, const Children& children, std::string& elements) {
  if (const auto nested = children.find(id); nested != children.end()) {
    for (const uint64_t child : nested->second) AppendBlocks(child, children, elements);
  }
  // A request that never came to its model tells nothing.
  const Block& block = blocks_[id];
  if (block.has_header) AppendElement(elements, block.elements);
}

InferenceTrace* RequestTrace::NewCoreTrace() {
  const auto level = static_cast<TRITONSERVER_InferenceTraceLevel>(collector_->level());
  auto* trace = new InferenceTrace(level, /*parent_id=*/0, OnActivity, OnTensor, OnRelease, this, id_);
  trace->Keep(shared_from_this());
  return trace;
}

void RequestTrace::Report(std::string_view activity, uint64_t steady_ns) {
  if ((collector_->level() & TRITONSERVER_TRACE_LEVEL_TIMESTAMPS) == 0) return;
  MutexLock lock(mutex_);
  AppendElement(blocks_[id_].elements, Timestamp(id_, activity, steady_ns));
}

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

void RequestTrace::Take(const InferenceTrace& trace, std::string_view element) {
  MutexLock lock(mutex_);
  Block& block = blocks_[trace.id()];
  if (!std::exchange(block.has_header, true)) {
    block.parent_id = trace.parent_id();
    AppendElement(block.elements, Header(trace));
  }
  AppendElement(block.elements, element);
}

void RequestTrace::OnActivity(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity,
                              uint64_t timestamp_ns, void* userp) {
  const std::string_view name = activity == TRITONSERVER_TRACE_CUSTOM_ACTIVITY
                                    ? std::string_view(AsTrace(trace).custom_activity())
                                    : TraceActivityName(activity);
  static_cast<RequestTrace*>(userp)->Take(AsTrace(trace), Timestamp(AsTrace(trace).id(), name, timestamp_ns));
}

void RequestTrace::OnTensor(TRITONSERVER_InferenceTrace* trace, TRITONSERVER_InferenceTraceActivity activity,
                            const char* name, TRITONSERVER_DataType datatype, const void* base, size_t byte_size,
                            const int64_t* shape, uint64_t dim_count, TRITONSERVER_MemoryType memory_type,
                            int64_t /*memory_type_id*/, void* userp) {
  std::string_view bytes;
  // What a GPU has cannot be read here.
  if (memory_type != TRITONSERVER_MEMORY_GPU && base != nullptr) bytes = {static_cast<const char*>(base), byte_size};
  static_cast<RequestTrace*>(userp)->Take(
      AsTrace(trace), Tensor(AsTrace(trace).id(), TraceActivityName(activity), name, static_cast<DataType>(datatype),
                             bytes, {shape, dim_count}));
}

void RequestTrace::OnRelease(TRITONSERVER_InferenceTrace* trace, void* /*userp*/) {
  delete static_cast<InferenceTrace*>(trace);
}

}  // namespace neso
