#include "observe/trace_json.h"

#include <fmt/format.h>

#include <string_view>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "observe/tensor_text.h"

namespace neso {
namespace {

void AppendText(std::string& json, const char* key, std::string_view text) {
  json += key;
  AppendJsonString(json, ToUtf8(text));
}

void BeginElement(std::string& json, uint64_t id) {
  if (!json.empty()) json.push_back(',');
  fmt::format_to(std::back_inserter(json), "{{\"id\":{}", id);
}

void AppendNames(std::string& json, const TraceSpan& span) {
  BeginElement(json, span.id);
  AppendText(json, ",\"model_name\":", span.model_name);
  fmt::format_to(std::back_inserter(json), ",\"model_version\":{}", span.model_version);
  if (!span.request_id.empty()) AppendText(json, ",\"request_id\":", span.request_id);
  if (span.parent_id != 0) fmt::format_to(std::back_inserter(json), ",\"parent_id\":{}", span.parent_id);
  json.push_back('}');
}

void AppendEvent(std::string& json, uint64_t id, const TraceEvent& event) {
  BeginElement(json, id);
  if (!event.tensor) {
    AppendText(json, ",\"timestamps\":[{\"name\":", event.activity);
    fmt::format_to(std::back_inserter(json), ",\"ns\":{}}}]}}", event.steady_ns);
    return;
  }
  const TracedTensor& tensor = *event.tensor;
  fmt::format_to(std::back_inserter(json), ",\"activity\":\"{}\"", event.activity);
  AppendText(json, ",\"tensor\":{\"name\":", tensor.name);
  json += ",\"data\":";
  AppendJsonString(json, TensorText(tensor.datatype, tensor.bytes));
  fmt::format_to(std::back_inserter(json), ",\"shape\":\"{}\",\"dtype\":\"{}\"}}}}", fmt::join(tensor.shape, ","),
                 DataTypeName(tensor.datatype));
}

}  // namespace

std::string TraceToJson(const TracedRequest& trace) {
  std::string json;
  for (const TraceSpan& span : trace.spans) {
    for (size_t i = 0; i <= span.events.size(); ++i) {
      if (i == span.events_before_model) AppendNames(json, span);
      if (i < span.events.size()) AppendEvent(json, span.id, span.events[i]);
    }
  }
  return json;
}

}  // namespace neso
