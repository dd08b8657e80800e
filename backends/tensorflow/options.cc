#include "options.h"

#include <limits>

#include "neso/processors.h"
#include "neso/protobuf_wire.h"

namespace neso::tensorflow {
namespace {

using backend::FindMember;
using backend::Parameters;
using backend::Result;
using backend::Status;
using wire::MessageWriter;

// More than machines have cores: each thread takes memory and one of the process's limited number.
constexpr int64_t kMaxThreads = 1024;

Result<int64_t> ReadThreadCount(const Parameters& parameters, const char* name) {
  NESO_ASSIGN_OR_RETURN(const int64_t count, parameters.Or(name, 0));
  if (count < 0) {
    return Status::InvalidArg("parameter '", name, "' must be non-negative number for tensorflow model, got ", count);
  }
  if (count <= kMaxThreads) return count;
  return Status::InvalidArg("parameter '", name, "': expected at most ", kMaxThreads, ", got ", count);
}

Result<std::optional<int64_t>> ReadShareCount(const Parameters& parameters) {
  constexpr const char* kName = "MAX_SESSION_SHARE_COUNT";
  if (!parameters.Find(kName)) return std::optional<int64_t>();
  NESO_ASSIGN_OR_RETURN(const int64_t count, parameters.Or(kName, 1));
  if (count > 0) return std::optional<int64_t>(count);
  return Status::InvalidArg("parameter '", kName, "' must be positive number for tensorflow model, got ", count);
}

Status CheckTensorRtParameter(const std::string& name, const std::string& value) {
  if (name == "precision_mode") {
    if (value == "FP32" || value == "FP16") return {};
    return Status::InvalidArg("precision mode '", value, "' is not supported, expected FP32 or FP16");
  }
  if (name == "minimum_segment_size" || name == "max_workspace_size_bytes" || name == "max_cached_engines") {
    const Result<int64_t> number = backend::ParseInt(value);
    return number ? Status() : Status::InvalidArg("parameter '", name, "': ", number.status().message());
  }
  return Status::InvalidArg("unknown parameter '", name, "' is provided for TensorRT Execution Accelerator");
}

Status CheckTensorRtParameters(const rapidjson::Value& accelerator) {
  const rapidjson::Value* parameters = FindMember(accelerator, "parameters");
  if (parameters == nullptr || !parameters->IsObject()) return {};
  for (const auto& [name, value] : parameters->GetObject()) {
    NESO_RETURN_IF_ERROR(CheckTensorRtParameter(name.GetString(), value.IsString() ? value.GetString() : ""));
  }
  return {};
}

// Those for GPUs say nothing to instances on the CPU, which all are; but a configuration that is wrong is wrong here, too.
Status CheckAccelerators(const rapidjson::Value& accelerators) {
  const rapidjson::Value* cpu = FindMember(accelerators, "cpu_execution_accelerator");
  if (cpu != nullptr && cpu->IsArray() && !cpu->Empty()) {
    return Status::InvalidArg("CPU Execution Accelerator is not supported in TensorFlow backend");
  }
  const rapidjson::Value* gpu = FindMember(accelerators, "gpu_execution_accelerator");
  if (gpu == nullptr || !gpu->IsArray()) return {};
  bool has_tensorrt = false;
  bool has_mixed_precision = false;
  for (const rapidjson::Value& accelerator : gpu->GetArray()) {
    const std::string name = backend::StringOr(accelerator, "name");
    if (name == "tensorrt") {
      has_tensorrt = true;
      NESO_RETURN_IF_ERROR(CheckTensorRtParameters(accelerator));
    } else if (name == "auto_mixed_precision") {
      has_mixed_precision = true;
    } else if (name != "gpu_io") {
      return Status::InvalidArg("unknown Execution Accelerator '", name, "' is requested");
    }
  }
  if (has_tensorrt && has_mixed_precision) {
    return Status::InvalidArg("Auto mixed precision can not be set with TFTRT optimization");
  }
  return {};
}

// What is not among the parameters.
Status ReadDocument(const rapidjson::Value& document, Options& options) {
  if (const rapidjson::Value* operations = FindMember(document, "model_operations")) {
    options.op_libraries = backend::Strings(*operations, "op_library_filename");
  }
  const rapidjson::Value* optimization = FindMember(document, "optimization");
  if (optimization == nullptr) return {};
  if (const rapidjson::Value* graph = FindMember(*optimization, "graph")) {
    options.jit_level = backend::IntOr(*graph, "level", 0);
  }
  const rapidjson::Value* accelerators = FindMember(*optimization, "execution_accelerators");
  return accelerators == nullptr ? Status() : CheckAccelerators(*accelerators);
}

// TensorFlow knows of affinity, but not of the control group's quota.
uint64_t ThreadsOr(int64_t chosen) { return chosen > 0 ? static_cast<uint64_t>(chosen) : UsableProcessors(); }

}  // namespace

Result<Settings> ReadSettings(const Parameters& parameters) {
  Settings settings;
  NESO_ASSIGN_OR_RETURN(settings.allow_soft_placement, parameters.Or("allow-soft-placement", true));
  NESO_ASSIGN_OR_RETURN(settings.gpu_memory_fraction, parameters.Or("gpu-memory-fraction", 0.0));
  NESO_ASSIGN_OR_RETURN(settings.default_max_batch_size, parameters.Or("default-max-batch-size", 4));
  if (settings.default_max_batch_size > std::numeric_limits<int32_t>::max()) {
    return Status::InvalidArg("'default-max-batch-size': expected at most ", std::numeric_limits<int32_t>::max(),
                              ", got ", settings.default_max_batch_size);
  }
  return settings;
}

Result<Options> ReadOptions(const Parameters& parameters, const rapidjson::Value& document) {
  Options options;
  options.tag = parameters.Or("TF_GRAPH_TAG", "serve");
  if (const auto signature = parameters.Find("TF_SIGNATURE_DEF")) options.signature = *signature;
  NESO_ASSIGN_OR_RETURN(options.intra_op_threads, ReadThreadCount(parameters, "TF_NUM_INTRA_THREADS"));
  NESO_ASSIGN_OR_RETURN(options.inter_op_threads, ReadThreadCount(parameters, "TF_NUM_INTER_THREADS"));
  NESO_ASSIGN_OR_RETURN(options.per_session_threads, parameters.Or("TF_USE_PER_SESSION_THREADS", false));
  NESO_ASSIGN_OR_RETURN(options.session_share_count, ReadShareCount(parameters));
  options.init_ops_file = parameters.Or("TF_INIT_OPS_FILE", "");
  NESO_RETURN_IF_ERROR(ReadDocument(document, options));
  return options;
}

std::string SessionConfig(const Settings& settings, const Options& options) {
  MessageWriter gpu;
  if (settings.gpu_memory_fraction == 0) {
    gpu.Add(4, uint64_t{1});  // allow_growth
  } else {
    gpu.Add(1, settings.gpu_memory_fraction);
  }
  MessageWriter optimizer;
  optimizer.Add(5, static_cast<uint64_t>(options.jit_level));
  MessageWriter graph;
  graph.Add(3, optimizer);
  MessageWriter experimental;
  experimental.Add(9, uint64_t{1});   // disable_thread_spinning: it would take the cores that read requests
  experimental.Add(12, uint64_t{1});  // optimize_for_static_graph: no second copy of the graph is kept
  MessageWriter config;
  config.Add(2, ThreadsOr(options.intra_op_threads))
      .Add(5, ThreadsOr(options.inter_op_threads))
      .Add(6, gpu)
      .Add(7, uint64_t{settings.allow_soft_placement})
      .Add(9, uint64_t{options.per_session_threads})
      .Add(10, graph)
      .Add(16, experimental);
  return config.bytes();
}

}  // namespace neso::tensorflow
