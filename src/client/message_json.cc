#include "client/message_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "neso/protobuf_wire.h"

namespace neso::client {
namespace {

constexpr int kDeepest = 16;

// What stands around the values of a field of which there may be several; empty: there is one.
std::string_view BracketsOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumbers:
    case FieldKind::kTexts:
    case FieldKind::kMessages: return "[]";
    case FieldKind::kMap: return "{}";
    default: return {};
  }
}

// What HTTP has for a value that the message leaves out. Empty: nothing.
std::string_view ValueOfNone(FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumber: return "0";
    case FieldKind::kText: return R"("")";
    default: return {};
  }
}

Status NoMessage() { return Internal("the server's answer cannot be read: it is no Protocol Buffer"); }

Status AppendMessage(std::string& out, std::string_view message, std::span<const MessageField> fields, int depth);

std::string Number(uint64_t value) { return std::to_string(static_cast<int64_t>(value)); }

// An entry of a map.
Status AppendEntry(std::string& out, std::string_view entry, const MessageField& field, int depth) {
  std::string_view key, value;
  const bool is_read = wire::ForEachField(entry, [&](const wire::Field& part) {
    (part.number == 1 ? key : value) = part.bytes;
    return true;
  });
  if (!is_read) return NoMessage();
  AppendJsonString(out, key);
  out += ':';
  return AppendMessage(out, value, field.fields, depth);
}

// The values that one field of the wire brings, with commas between them.
Status AppendValues(std::string& out, const wire::Field& value, const MessageField& field, int depth) {
  const bool is_number = value.type == wire::WireType::kVarint;
  const bool is_bytes = value.type == wire::WireType::kBytes;
  switch (field.kind) {
    case FieldKind::kNumber:
      if (!is_number) return NoMessage();
      out += Number(value.value);
      return {};
    case FieldKind::kNumbers: {
      if (is_number) {
        out += Number(value.value);
        return {};
      }
      if (!is_bytes) return NoMessage();
      const char* separator = "";
      const bool is_packed = wire::ForEachPacked(value.bytes, [&](uint64_t number) {
        out += separator + Number(number);
        separator = ",";
      });
      return is_packed ? Status() : NoMessage();
    }
    case FieldKind::kText:
    case FieldKind::kOptionalText:
    case FieldKind::kTexts:
      if (!is_bytes) return NoMessage();
      AppendJsonString(out, value.bytes);
      return {};
    case FieldKind::kMessage:
    case FieldKind::kMessages:
      if (!is_bytes) return NoMessage();
      return AppendMessage(out, value.bytes, field.fields, depth - 1);
    case FieldKind::kMap:
      if (!is_bytes) return NoMessage();
      return AppendEntry(out, value.bytes, field, depth - 1);
  }
  return {};
}

Status AppendMessage(std::string& out, std::string_view message, std::span<const MessageField> fields, int depth) {
  if (depth < 0) return NoMessage();
  std::vector<std::string> values(fields.size());
  wire::Fields reader(message);
  while (const std::optional<wire::Field> value = reader.Next()) {
    const auto known = std::ranges::find(fields, value->number, &MessageField::number);
    if (known == fields.end()) continue;
    std::string& text = values[static_cast<size_t>(known - fields.begin())];
    if (BracketsOf(known->kind).empty()) text.clear();  // the last one counts
    if (!text.empty()) text += ',';
    RETURN_IF_ERROR(AppendValues(text, *value, *known, depth));
  }
  if (reader.is_broken()) return NoMessage();
  out += '{';
  const char* separator = "";
  for (size_t i = 0; i < fields.size(); i++) {
    const std::string_view brackets = BracketsOf(fields[i].kind);
    if (values[i].empty()) values[i] = ValueOfNone(fields[i].kind);
    if (values[i].empty() && brackets.empty()) continue;
    out += fmt::format("{}\"{}\":{}{}{}", separator, fields[i].name, brackets.substr(0, brackets.size() / 2), values[i],
                       brackets.substr(brackets.size() / 2));
    separator = ",";
  }
  out += '}';
  return {};
}

constexpr MessageField kServer[] = {
    {1, "name", FieldKind::kText}, {2, "version", FieldKind::kText}, {3, "extensions", FieldKind::kTexts}};
constexpr MessageField kTensor[] = {
    {1, "name", FieldKind::kText}, {2, "datatype", FieldKind::kText}, {3, "shape", FieldKind::kNumbers}};
constexpr MessageField kMetadata[] = {{1, "name", FieldKind::kText},
                                      {2, "versions", FieldKind::kTexts},
                                      {3, "platform", FieldKind::kText},
                                      {4, "inputs", FieldKind::kMessages, kTensor},
                                      {5, "outputs", FieldKind::kMessages, kTensor}};
constexpr MessageField kDuration[] = {{1, "count"}, {2, "ns"}};
constexpr MessageField kInferStatistics[] = {
    {1, "success", FieldKind::kMessage, kDuration},       {2, "fail", FieldKind::kMessage, kDuration},
    {3, "queue", FieldKind::kMessage, kDuration},         {4, "compute_input", FieldKind::kMessage, kDuration},
    {5, "compute_infer", FieldKind::kMessage, kDuration}, {6, "compute_output", FieldKind::kMessage, kDuration},
    {7, "cache_hit", FieldKind::kMessage, kDuration},     {8, "cache_miss", FieldKind::kMessage, kDuration}};
constexpr MessageField kResponseStatistics[] = {
    {1, "compute_infer", FieldKind::kMessage, kDuration},  {2, "compute_output", FieldKind::kMessage, kDuration},
    {3, "success", FieldKind::kMessage, kDuration},        {4, "fail", FieldKind::kMessage, kDuration},
    {5, "empty_response", FieldKind::kMessage, kDuration}, {6, "cancel", FieldKind::kMessage, kDuration}};
constexpr MessageField kBatchStatistics[] = {{1, "batch_size"},
                                             {2, "compute_input", FieldKind::kMessage, kDuration},
                                             {3, "compute_infer", FieldKind::kMessage, kDuration},
                                             {4, "compute_output", FieldKind::kMessage, kDuration}};
constexpr MessageField kMemoryUsage[] = {{1, "type", FieldKind::kText}, {2, "id"}, {3, "byte_size"}};
constexpr MessageField kModelStatistics[] = {{1, "name", FieldKind::kText},
                                             {2, "version", FieldKind::kText},
                                             {3, "last_inference"},
                                             {4, "inference_count"},
                                             {5, "execution_count"},
                                             {6, "inference_stats", FieldKind::kMessage, kInferStatistics},
                                             {9, "response_stats", FieldKind::kMap, kResponseStatistics},
                                             {7, "batch_stats", FieldKind::kMessages, kBatchStatistics},
                                             {8, "memory_usage", FieldKind::kMessages, kMemoryUsage}};
constexpr MessageField kStatistics[] = {{1, "model_stats", FieldKind::kMessages, kModelStatistics}};
constexpr MessageField kModelIndex[] = {{1, "name", FieldKind::kText},
                                        {2, "version", FieldKind::kOptionalText},
                                        {3, "state", FieldKind::kOptionalText},
                                        {4, "reason", FieldKind::kOptionalText}};
constexpr MessageField kRepositoryIndex[] = {{1, "models", FieldKind::kMessages, kModelIndex}};

}  // namespace

const std::span<const MessageField> kServerMetadataFields = kServer;
const std::span<const MessageField> kModelMetadataFields = kMetadata;
const std::span<const MessageField> kModelStatisticsFields = kStatistics;
const std::span<const MessageField> kRepositoryIndexFields = kRepositoryIndex;

Expected<std::string> MessageJson(std::string_view message, std::span<const MessageField> fields) {
  std::string json;
  RETURN_IF_ERROR(AppendMessage(json, message, fields, kDeepest));
  return json;
}

}  // namespace neso::client
