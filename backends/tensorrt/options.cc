#include "options.h"

#include <algorithm>
#include <set>

#include "neso/backend/config.h"

namespace neso::tensorrt {
namespace {

using backend::ModelConfig;
using backend::Result;
using backend::Status;
using rapidjson::Value;

Result<bool> ReadStrategy(const ModelConfig& config) {
  constexpr const char* kName = "execution_context_allocation_strategy";
  const std::string strategy = config.parameters.Or(kName, "STATIC");
  if (strategy == "STATIC") return false;
  if (strategy == "ON_PROFILE_CHANGE") return true;
  return Status::InvalidArg("Invalid value for '", kName, "': '", strategy, "' for model instance '", config.name,
                            "'. Supported values are 'STATIC' and 'ON_PROFILE_CHANGE'.");
}

Status RefuseSeveralGpus(const ModelConfig& config) {
  const std::string wanted = config.parameters.Or("enable_multi_device", "false");
  if (wanted != "true" && wanted != "1") return {};
  return Status::Unsupported("unable to load model '", config.name,
                             "': enable_multi_device: an engine runs on one GPU here");
}

Priority ReadPriority(const Value& optimization) {
  const std::string priority = backend::StringOr(optimization, "priority");
  if (priority == "PRIORITY_MAX") return Priority::kMax;
  return priority == "PRIORITY_MIN" ? Priority::kMin : Priority::kDefault;
}

// 64-bit numbers may be texts in JSON.
int64_t NumberOf(const Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (!value.IsString()) return 0;
  const Result<int64_t> number = backend::ParseInt({value.GetString(), value.GetStringLength()});
  return number ? *number : 0;
}

GraphSpec ReadSpec(const Value& json) {
  GraphSpec spec;
  spec.batch_size = backend::IntOr(json, "batch_size", 0);
  const Value* const inputs = backend::FindMember(json, "input");
  if (inputs == nullptr || !inputs->IsObject()) return spec;
  for (const auto& input : inputs->GetObject()) {
    backend::internal::ForEach(input.value, "dim",
                               [&](const Value& dim) { spec.dims[input.name.GetString()].push_back(NumberOf(dim)); });
  }
  return spec;
}

Status CheckSpec(const GraphSpec& spec, int64_t max_batch_size) {
  if (max_batch_size == 0) {
    if (spec.batch_size == 0) return {};
    return Status::InvalidArg("graph spec expects 'batch_size' to be 0, got ", spec.batch_size);
  }
  if (spec.batch_size >= 1 && spec.batch_size <= max_batch_size) return {};
  return Status::InvalidArg("graph spec expects 'batch_size' to be >= 1 and <= ", max_batch_size, ", got ",
                            spec.batch_size);
}

// Without a list of its own, a model gets a graph for each batch that is likely to come.
std::vector<GraphSpec> LikelyGraphs(const Value& document, int64_t max_batch_size) {
  std::set<int64_t> sizes;
  const Value* const dynamic = backend::FindMember(document, "dynamic_batching");
  const Value* const sequences = backend::FindMember(document, "sequence_batching");
  const Value* const oldest = sequences == nullptr ? nullptr : backend::FindMember(*sequences, "oldest");
  if (max_batch_size == 0) {
    sizes = {0};
  } else if (dynamic != nullptr || oldest != nullptr) {
    sizes = {1, max_batch_size};
    for (const int64_t size : backend::Integers(dynamic != nullptr ? *dynamic : *oldest, "preferred_batch_size")) {
      sizes.insert(size);
    }
  } else {
    sizes = {1, 2, 3, 4, 6, 8, 12, 16, max_batch_size};
  }
  std::vector<GraphSpec> graphs;
  for (const int64_t size : sizes) {
    if (size <= max_batch_size) graphs.push_back({.batch_size = size, .dims = {}});
  }
  return graphs;
}

Result<std::vector<GraphSpec>> ReadGraphs(const Value& cuda, const Value& document, int64_t max_batch_size) {
  std::vector<GraphSpec> graphs;
  backend::internal::ForEach(cuda, "graph_spec", [&](const Value& json) { graphs.push_back(ReadSpec(json)); });
  for (const GraphSpec& graph : graphs) NESO_RETURN_IF_ERROR(CheckSpec(graph, max_batch_size));
  return graphs.empty() ? LikelyGraphs(document, max_batch_size) : graphs;
}

}  // namespace

Result<Options> ReadOptions(const ModelConfig& config, const Value& document) {
  Options options;
  NESO_ASSIGN_OR_RETURN(options.allocates_on_profile_change, ReadStrategy(config));
  NESO_RETURN_IF_ERROR(RefuseSeveralGpus(config));
  if (const Value* const files = backend::FindMember(document, "cc_model_filenames"); files && files->IsObject()) {
    for (const auto& file : files->GetObject()) {
      if (file.value.IsString()) options.files_by_capability[file.name.GetString()] = file.value.GetString();
    }
  }
  const Value* const optimization = backend::FindMember(document, "optimization");
  if (optimization == nullptr) return options;
  options.priority = ReadPriority(*optimization);
  const Value* const cuda = backend::FindMember(*optimization, "cuda");
  options.uses_graphs = cuda != nullptr && backend::BoolOr(*cuda, "graphs", false);
  if (options.uses_graphs) {
    NESO_ASSIGN_OR_RETURN(options.graphs, ReadGraphs(*cuda, document, config.max_batch_size));
  }
  return options;
}

FirstGroup ReadFirstGroup(const Value& document) {
  FirstGroup first;
  const Value* const groups = backend::FindMember(document, "instance_group");
  if (groups == nullptr || !groups->IsArray() || groups->Empty()) return first;
  const Value& group = (*groups)[0];
  const std::vector<int64_t> gpus = backend::Integers(group, "gpus");
  const std::string kind = backend::StringOr(group, "kind", "KIND_AUTO");
  first.is_elsewhere = kind != "KIND_GPU" && kind != "KIND_AUTO";
  first.gpu = gpus.empty() ? 0 : static_cast<int32_t>(gpus.front());
  first.profiles = backend::Strings(group, "profile");
  return first;
}

}  // namespace neso::tensorrt
