#include "session_options.h"

#include <filesystem>
#include <string>
#include <string_view>

#include "accelerators.h"
#include "environment.h"
#include "neso/backend/json.h"

namespace neso::onnxruntime {
namespace {

using backend::FindMember;
using backend::Parameters;

// Source: model configuration, "optimization.graph.level".
GraphOptimizationLevel GraphLevel(const rapidjson::Document& document) {
  const rapidjson::Value* optimization = FindMember(document, "optimization");
  const rapidjson::Value* graph = optimization == nullptr ? nullptr : FindMember(*optimization, "graph");
  switch (graph == nullptr ? 0 : backend::IntOr(*graph, "level", 0)) {
    case -1: return ORT_ENABLE_BASIC;
    case 1: return ORT_ENABLE_EXTENDED;
    case 2: return ORT_DISABLE_ALL;
    default: return ORT_ENABLE_ALL;
  }
}

// How long idle threads of a model that has the runtime to itself spin: longer than it takes to get from one operator to
// the next, and too short to be missed by the threads that read requests.
constexpr const char* kSpinMicroseconds = "100";

Status SetThreads(const backend::ModelConfig& config, bool own_pool, Ort::SessionOptions& options) {
  NESO_ASSIGN_OR_RETURN(const ThreadCounts threads, ReadThreadCounts(config));
  const bool counted = threads.OwnPools() && !Settings().global_pool_only;
  if (!counted && !own_pool) {
    options.DisablePerSessionThreads();
    return {};
  }
  options.SetIntraOpNumThreads(counted ? static_cast<int>(threads.intra_op) : IntraOpThreads());
  options.SetInterOpNumThreads(counted ? static_cast<int>(threads.inter_op) : 1);
  // Idle threads that spin starve the rest of a small machine; "session.*" parameters can turn it on again.
  options.AddConfigEntry("session.intra_op.allow_spinning", counted ? "0" : "1");
  options.AddConfigEntry("session.inter_op.allow_spinning", "0");
  if (!counted) options.AddConfigEntry("session.intra_op.spin_duration_us", kSpinMicroseconds);
  return {};
}

Status SetExecutionMode(const Parameters& parameters, Ort::SessionOptions& options) {
  NESO_ASSIGN_OR_RETURN(const int64_t mode, parameters.Or("execution_mode", 0));
  if (mode != 0 && mode != 1) {
    return Status::InvalidArg("Expected values for  execution_mode are 0 or 1 but got ", mode, " .");
  }
  options.SetExecutionMode(mode == 0 ? ORT_SEQUENTIAL : ORT_PARALLEL);
  return {};
}

Status SetMemory(const Parameters& parameters, Ort::SessionOptions& options) {
  NESO_ASSIGN_OR_RETURN(const bool arena, parameters.Or("enable_mem_arena", true));
  if (!arena) options.DisableCpuMemArena();
  NESO_ASSIGN_OR_RETURN(const bool pattern, parameters.Or("enable_mem_pattern", true));
  if (!pattern) options.DisableMemPattern();
  return {};
}

// Source: model configuration, "model_operations.op_library_filename".
void AddOperators(const rapidjson::Document& document, const std::string& version_path, Ort::SessionOptions& options) {
  const rapidjson::Value* operations = FindMember(document, "model_operations");
  if (operations == nullptr) return;
  for (const std::string& file : backend::Strings(*operations, "op_library_filename")) {
    const std::filesystem::path beside =
        std::filesystem::path(version_path) / file;  // `file` itself if that is absolute
    std::error_code error;
    options.RegisterCustomOpsLibrary(std::filesystem::exists(beside, error) ? beside.c_str() : file.c_str());
  }
}

}  // namespace

Status CheckThreadCounts(const ThreadCounts& threads) {
  const auto is_possible = [](int64_t count) { return count >= 0 && count <= kMaxThreads; };
  if (is_possible(threads.intra_op) && is_possible(threads.inter_op)) return {};
  return Status::InvalidArg("'intra_op_thread_count' and 'inter_op_thread_count': expected 0 or more, at most ",
                            kMaxThreads, ", got ", threads.intra_op, " and ", threads.inter_op);
}

Result<ThreadCounts> ReadThreadCounts(const backend::ModelConfig& config) {
  ThreadCounts threads;
  NESO_ASSIGN_OR_RETURN(threads.intra_op, config.parameters.Or("intra_op_thread_count", 0));
  NESO_ASSIGN_OR_RETURN(threads.inter_op, config.parameters.Or("inter_op_thread_count", 0));
  NESO_RETURN_IF_ERROR(CheckThreadCounts(threads));
  return threads;
}

Result<Ort::SessionOptions> MakeSessionOptions(const backend::ModelConfig& config, const rapidjson::Document& document,
                                               const std::string& version_path, TRITONSERVER_InstanceGroupKind kind,
                                               int32_t device_id, bool own_pool) {
  Ort::SessionOptions options;
  options.SetGraphOptimizationLevel(GraphLevel(document));
  NESO_RETURN_IF_ERROR(SetThreads(config, own_pool, options));
  NESO_RETURN_IF_ERROR(SetExecutionMode(config.parameters, options));
  NESO_RETURN_IF_ERROR(SetMemory(config.parameters, options));
  for (const auto& [name, value] : config.parameters) {
    if (name.starts_with("session.")) options.AddConfigEntry(name.c_str(), value.c_str());
  }
  AddOperators(document, version_path, options);
  NESO_RETURN_IF_ERROR(AppendAccelerators(config.parameters, document, kind, device_id, options));
  return options;
}

}  // namespace neso::onnxruntime
