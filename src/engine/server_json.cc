#include "engine/server_json.h"

#include "base/json.h"
#include "config/data_type.h"

namespace neso {
namespace {

// `"name":`, with a comma before it unless it is the first member.
void AppendKey(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, name);
  out += ':';
}

void AppendMember(std::string& out, std::string_view name, std::string_view text) {
  AppendKey(out, name);
  AppendJsonString(out, text);
}

void AppendMember(std::string& out, std::string_view name, uint64_t number) {
  AppendKey(out, name);
  AppendJsonUint(out, number);
}

void AppendMember(std::string& out, std::string_view name, const DurationStatistic& duration) {
  AppendKey(out, name);
  out += '{';
  AppendMember(out, "count", duration.count);
  AppendMember(out, "ns", duration.ns);
  out += '}';
}

template <typename Tensors>
void AppendTensors(std::string& out, std::string_view name, const Tensors& tensors, bool batched) {
  AppendKey(out, name);
  out += '[';
  for (const auto& tensor : tensors) {
    if (out.back() != '[') out += ',';
    out += '{';
    AppendMember(out, "name", tensor.name());
    AppendMember(out, "datatype", DataTypeToProtocol(tensor.data_type()));
    AppendKey(out, "shape");
    out += batched ? "[-1" : "[";
    for (const int64_t dim : tensor.dims()) {
      if (out.back() != '[') out += ',';
      AppendJsonInt(out, dim);
    }
    out += "]}";
  }
  out += ']';
}

void AppendInferenceStatistics(std::string& out, const StatisticsSnapshot& statistics) {
  AppendKey(out, "inference_stats");
  out += '{';
  AppendMember(out, "success", statistics.success);
  AppendMember(out, "fail", statistics.fail);
  AppendMember(out, "queue", statistics.queue);
  AppendMember(out, "compute_input", statistics.compute_input);
  AppendMember(out, "compute_infer", statistics.compute_infer);
  AppendMember(out, "compute_output", statistics.compute_output);
  AppendMember(out, "cache_hit", statistics.cache_hit);
  AppendMember(out, "cache_miss", statistics.cache_miss);
  out += '}';
}

void AppendResponseStatistics(std::string& out, const StatisticsSnapshot& statistics) {
  AppendKey(out, "response_stats");
  out += '{';
  for (const auto& [index, response] : statistics.responses) {
    AppendKey(out, std::to_string(index));
    out += '{';
    AppendMember(out, "compute_infer", response.compute_infer);
    AppendMember(out, "compute_output", response.compute_output);
    AppendMember(out, "success", response.success);
    AppendMember(out, "fail", response.fail);
    AppendMember(out, "empty_response", response.empty_response);
    AppendMember(out, "cancel", response.cancel);
    out += '}';
  }
  out += '}';
}

void AppendBatchStatistics(std::string& out, const StatisticsSnapshot& statistics) {
  AppendKey(out, "batch_stats");
  out += '[';
  for (const auto& [size, batch] : statistics.batches) {
    if (out.back() != '[') out += ',';
    out += '{';
    AppendMember(out, "batch_size", size);
    AppendMember(out, "compute_input", batch.compute_input);
    AppendMember(out, "compute_infer", batch.compute_infer);
    AppendMember(out, "compute_output", batch.compute_output);
    out += '}';
  }
  out += ']';
}

void AppendMemoryUsage(std::string& out, const ModelStatistics& statistics) {
  AppendKey(out, "memory_usage");
  out += '[';
  for (const ModelStatistics::MemoryUsage& usage : statistics.MemoryUsages()) {
    if (out.back() != '[') out += ',';
    out += '{';
    AppendMember(out, "type", usage.type);
    AppendKey(out, "id");
    AppendJsonInt(out, usage.id);
    AppendMember(out, "byte_size", usage.byte_size);
    out += '}';
  }
  out += ']';
}

void AppendModelStatistics(std::string& out, const Model& model) {
  const StatisticsSnapshot statistics = model.statistics().Snapshot();
  out += '{';
  AppendMember(out, "name", model.name());
  AppendMember(out, "version", std::to_string(model.version()));
  AppendMember(out, "last_inference", statistics.last_inference_ms);
  AppendMember(out, "inference_count", statistics.inference_count);
  AppendMember(out, "execution_count", statistics.execution_count);
  AppendInferenceStatistics(out, statistics);
  AppendResponseStatistics(out, statistics);
  AppendBatchStatistics(out, statistics);
  AppendMemoryUsage(out, model.statistics());
  out += '}';
}

}  // namespace

std::string ServerMetadataToJson(const ServerMetadata& metadata) {
  std::string out = "{";
  AppendMember(out, "name", metadata.name);
  AppendMember(out, "version", metadata.version);
  AppendKey(out, "extensions");
  out += '[';
  for (const std::string& extension : metadata.extensions) {
    if (out.back() != '[') out += ',';
    AppendJsonString(out, extension);
  }
  out += "]}";
  return out;
}

std::string ModelMetadataToJson(const ModelMetadata& metadata) {
  const inference::ModelConfig& config = metadata.model->config();
  std::string out = "{";
  AppendMember(out, "name", config.name());
  AppendKey(out, "versions");
  out += '[';
  for (const int64_t version : metadata.versions) {
    if (out.back() != '[') out += ',';
    AppendJsonString(out, std::to_string(version));
  }
  out += ']';
  AppendMember(out, "platform", config.platform().empty() ? config.backend() : config.platform());
  AppendTensors(out, "inputs", config.input(), config.max_batch_size() >= 1);
  AppendTensors(out, "outputs", config.output(), config.max_batch_size() >= 1);
  out += '}';
  return out;
}

std::string ModelIndexToJson(std::span<const ModelIndexEntry> index) {
  std::string out = "[";
  for (const ModelIndexEntry& entry : index) {
    if (out.back() != '[') out += ',';
    out += '{';
    AppendMember(out, "name", entry.name);
    if (entry.version != -1) AppendMember(out, "version", std::to_string(entry.version));
    if (entry.state != ModelState::kUnknown) AppendMember(out, "state", ModelStateName(entry.state));
    if (!entry.reason.empty()) AppendMember(out, "reason", entry.reason);
    out += '}';
  }
  out += ']';
  return out;
}

std::string StatisticsToJson(std::span<const ModelHandle> models) {
  std::string out = "{\"model_stats\":[";
  for (const ModelHandle& model : models) {
    if (out.back() != '[') out += ',';
    AppendModelStatistics(out, *model);
  }
  out += "]}";
  return out;
}

}  // namespace neso
