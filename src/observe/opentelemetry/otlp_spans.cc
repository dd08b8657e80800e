#include "observe/opentelemetry/otlp_spans.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/utf8.h"
#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using wire::MessageWriter;

// The kind of all spans, as Triton has them.
constexpr uint64_t kServerKind = 2;
constexpr uint64_t kErrorStatus = 2;
// As OpenTelemetry's own libraries bound them.
constexpr size_t kMaxEvents = 128;
// A client chooses how long its request's id is, and spans wait in memory.
constexpr size_t kMaxTextBytes = 1024;

std::string Text(std::string_view text) {
  return text.size() <= kMaxTextBytes ? ToUtf8(text) : OnlyUtf8(text.substr(0, kMaxTextBytes));
}

MessageWriter Attribute(std::string_view key, const MessageWriter& value) {
  return MessageWriter().Add(1, key).Add(2, value);
}
MessageWriter TextAttribute(std::string_view key, std::string_view value) {
  return Attribute(key, MessageWriter().Add(1, Text(value)));
}
MessageWriter IntAttribute(std::string_view key, int64_t value) {
  return Attribute(key, MessageWriter().Add(3, static_cast<uint64_t>(value)));
}

std::string SpanIdBytes(uint64_t id) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(id >> shift);
  return bytes;
}

// A span that is being put together; times are the steady clock's.
struct Span {
  std::string name;
  uint64_t id = 0;
  uint64_t parent = 0;  // 0: none
  uint64_t start_ns = 0;
  uint64_t end_ns = 0;
  std::vector<const TraceEvent*> events{};
  const TraceSpan* execution = nullptr;  // of one with a model's name
  std::string_view failure{};

  void Take(const TraceEvent& event) {
    if (events.empty() && start_ns == 0) start_ns = event.steady_ns;
    end_ns = std::max(end_ns, event.steady_ns);
    events.push_back(&event);
  }
};

class SpanEncoder {
 public:
  SpanEncoder(const TraceIdentity& identity, int64_t unix_minus_steady_ns)
      : identity_(identity), offset_ns_(unix_minus_steady_ns) {}

  std::string Encode(const Span& span) const {
    MessageWriter message;
    const TraceId& trace_id = identity_.trace_id;
    message.Add(1, std::string_view(reinterpret_cast<const char*>(trace_id.data()), trace_id.size()));
    message.Add(2, SpanIdBytes(span.id));
    if (!identity_.state.empty()) message.Add(3, identity_.state);
    if (span.parent != 0) message.Add(4, SpanIdBytes(span.parent));
    message.Add(5, Text(span.name)).Add(6, kServerKind);
    message.AddFixed64(7, UnixTime(span.start_ns)).AddFixed64(8, UnixTime(span.end_ns));
    if (span.execution != nullptr) AddAttributes(message, *span.execution);
    const size_t kept = std::min(span.events.size(), kMaxEvents);
    for (size_t i = 0; i < kept; ++i) message.Add(11, Event(*span.events[i]));
    if (kept < span.events.size()) message.Add(12, uint64_t{span.events.size() - kept});
    if (!span.failure.empty()) message.Add(15, MessageWriter().Add(2, Text(span.failure)).Add(3, kErrorStatus));
    return message.bytes();
  }

 private:
  uint64_t UnixTime(uint64_t steady_ns) const { return steady_ns + static_cast<uint64_t>(offset_ns_); }

  MessageWriter Event(const TraceEvent& event) const {
    return MessageWriter().AddFixed64(1, UnixTime(event.steady_ns)).Add(2, Text(event.activity));
  }

  static void AddAttributes(MessageWriter& message, const TraceSpan& execution) {
    message.Add(9, TextAttribute("triton.model_name", execution.model_name));
    message.Add(9, IntAttribute("triton.model_version", execution.model_version));
    message.Add(9, IntAttribute("triton.trace_id", static_cast<int64_t>(execution.id)));
    message.Add(9, IntAttribute("triton.trace_parent_id", static_cast<int64_t>(execution.parent_id)));
    if (!execution.request_id.empty()) message.Add(9, TextAttribute("triton.request_id", execution.request_id));
  }

  const TraceIdentity& identity_;
  const int64_t offset_ns_;
};

constexpr std::string_view kStart = "_START";
constexpr std::string_view kEnd = "_END";

// "WORK" of "WORK_START"; nothing where there is no such ending, or nothing before it.
std::optional<std::string> StemOf(const TraceEvent& event, std::string_view ending) {
  const std::string& activity = event.activity;
  if (event.reporter != TraceReporter::kBackend || activity.size() <= ending.size()) return std::nullopt;
  if (!activity.ends_with(ending)) return std::nullopt;
  return activity.substr(0, activity.size() - ending.size());
}

// The spans of one execution: the model's, and those inside it.
class ExecutionSpans {
 public:
  ExecutionSpans(const TraceSpan& execution, const TraceIdentity& identity, uint64_t parent)
      : execution_(execution), identity_(identity) {
    open_.push_back({.name = execution.model_name,
                     .id = identity.SpanId(execution.id, kModelSpan),
                     .parent = parent,
                     .execution = &execution,
                     .failure = execution.failure});
  }

  // Inner ones first.
  std::vector<Span> Make() && {
    for (const TraceEvent* event : EventsInOrder()) Place(*event);
    const uint64_t end_ns = std::max(last_ns_, open_.front().end_ns);
    while (!open_.empty()) Close(end_ns);
    return std::move(closed_);
  }

 private:
  // When things happened: computing is reported when it is over.
  std::vector<const TraceEvent*> EventsInOrder() const {
    std::vector<const TraceEvent*> events;
    for (const TraceEvent& event : execution_.events) {
      if (event.reporter != TraceReporter::kFrontend && !event.tensor) events.push_back(&event);
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const TraceEvent* a, const TraceEvent* b) { return a->steady_ns < b->steady_ns; });
    return events;
  }

  void Place(const TraceEvent& event) {
    last_ns_ = std::max(last_ns_, event.steady_ns);
    const bool is_core = event.reporter == TraceReporter::kCore;
    if (is_core && !event.activity.starts_with("COMPUTE_")) return open_.front().Take(event);
    if (is_core && event.activity == "COMPUTE_START") return Open("compute", event);
    if (const auto stem = StemOf(event, kStart)) return Open(*stem, event);
    open_.back().Take(event);
    if (is_core && event.activity == "COMPUTE_END") return CloseNamed("compute", event.steady_ns);
    if (const auto stem = StemOf(event, kEnd)) CloseNamed(*stem, event.steady_ns);
  }

  void Open(std::string name, const TraceEvent& event) {
    open_.push_back({.name = std::move(name),
                     .id = identity_.SpanId(execution_.id, next_part_++),
                     .parent = open_.back().id,
                     .start_ns = event.steady_ns});
    open_.back().Take(event);
  }

  // That span, and what is still open inside it.
  void CloseNamed(std::string_view name, uint64_t end_ns) {
    const auto named = std::find_if(open_.rbegin(), open_.rend() - 1, [&](const Span& s) { return s.name == name; });
    if (named == open_.rend() - 1) return;
    const auto depth = static_cast<size_t>(open_.rend() - named);  // of it and what it is in
    while (open_.size() >= depth) Close(end_ns);
  }

  void Close(uint64_t end_ns) {
    open_.back().end_ns = std::max(end_ns, open_.back().end_ns);
    closed_.push_back(std::move(open_.back()));
    open_.pop_back();
  }

  const TraceSpan& execution_;
  const TraceIdentity& identity_;
  uint64_t next_part_ = kFirstInnerSpan;
  uint64_t last_ns_ = 0;
  std::vector<Span> open_;  // the model's, then each in the one before
  std::vector<Span> closed_;
};

// The request as its front end saw it, around what its model did.
Span RequestSpan(const TraceSpan& execution, const Span& model, const TraceIdentity& identity) {
  Span span{.name = "InferRequest",
            .id = identity.SpanId(execution.id, kRequestSpan),
            .parent = identity.caller_span,
            .start_ns = model.start_ns,
            .end_ns = model.end_ns,
            .failure = execution.failure};
  for (const TraceEvent& event : execution.events) {
    if (event.reporter != TraceReporter::kFrontend) continue;
    span.start_ns = std::min(span.start_ns, event.steady_ns);
    span.Take(event);
  }
  return span;
}

}  // namespace

std::vector<std::string> EncodeSpans(const TracedRequest& trace, int64_t unix_minus_steady_ns) {
  std::vector<std::string> encoded;
  if (trace.spans.empty()) return encoded;
  const TraceIdentity& identity = *trace.identity;
  const SpanEncoder encoder(identity, unix_minus_steady_ns);
  const TraceSpan& request = trace.spans.back();
  for (const TraceSpan& execution : trace.spans) {
    const bool is_request = &execution == &request;
    const uint64_t parent =
        is_request ? identity.SpanId(request.id, kRequestSpan) : identity.SpanId(execution.parent_id, kModelSpan);
    const std::vector<Span> spans = ExecutionSpans(execution, identity, parent).Make();
    for (const Span& span : spans) encoded.push_back(encoder.Encode(span));
    if (is_request) encoded.push_back(encoder.Encode(RequestSpan(request, spans.back(), identity)));
  }
  return encoded;
}

int64_t UnixMinusSteady() {
  const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Nanoseconds>(unix_time).count() - static_cast<int64_t>(SteadyNanoseconds());
}

std::string EncodeResource(const std::vector<std::pair<std::string, std::string>>& attributes) {
  MessageWriter resource;
  for (const auto& [key, value] : attributes) resource.Add(1, TextAttribute(Text(key), value));
  return resource.bytes();
}

std::string EncodeExport(const std::string& resource, std::span<const std::string> spans) {
  MessageWriter of_scope;
  of_scope.Add(1, MessageWriter().Add(1, "triton-server"));
  for (const std::string& span : spans) of_scope.Add(2, span);
  MessageWriter of_resource;
  of_resource.Add(1, resource).Add(2, of_scope);
  return MessageWriter().Add(1, of_resource).bytes();
}

OtlpRejection DecodeRejection(std::string_view response) {
  OtlpRejection rejection;
  wire::Fields fields(response);
  while (const std::optional<wire::Field> partial = fields.Next()) {
    if (partial->number != 1) continue;
    wire::Fields members(partial->bytes);
    while (const std::optional<wire::Field> member = members.Next()) {
      if (member->number == 1) rejection.spans = static_cast<int64_t>(member->value);
      if (member->number == 2) rejection.reason = OnlyUtf8(member->bytes.substr(0, kMaxTextBytes));
    }
  }
  return fields.is_broken() ? OtlpRejection() : rejection;
}

}  // namespace neso
