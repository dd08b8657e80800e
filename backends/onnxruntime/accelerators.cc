#include "accelerators.h"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cuda.h"
#include "environment.h"
#include "neso/backend/json.h"

namespace neso::onnxruntime {
namespace {

using backend::FindMember;
using Options = std::unordered_map<std::string, std::string>;

// Keys of the "tensorrt" accelerator that the provider knows by the same name.
constexpr std::string_view kTensorRtKeys[] = {"trt_max_partition_iterations",
                                              "trt_min_subgraph_size",
                                              "trt_dla_enable",
                                              "trt_dla_core",
                                              "trt_engine_cache_enable",
                                              "trt_engine_cache_path",
                                              "trt_engine_cache_prefix",
                                              "trt_dump_subgraphs",
                                              "trt_force_sequential_engine_build",
                                              "trt_context_memory_sharing_enable",
                                              "trt_layer_norm_fp32_fallback",
                                              "trt_timing_cache_enable",
                                              "trt_timing_cache_path",
                                              "trt_force_timing_cache",
                                              "trt_detailed_build_log",
                                              "trt_build_heuristics_enable",
                                              "trt_sparsity_enable",
                                              "trt_builder_optimization_level",
                                              "trt_auxiliary_streams",
                                              "trt_tactic_sources",
                                              "trt_extra_plugin_lib_paths",
                                              "trt_profile_min_shapes",
                                              "trt_profile_max_shapes",
                                              "trt_profile_opt_shapes",
                                              "trt_cuda_graph_enable",
                                              "trt_dump_ep_context_model",
                                              "trt_ep_context_file_path",
                                              "trt_ep_context_embed_mode"};

// Options as the C interface takes them; borrows the texts.
struct TextPointers {
  explicit TextPointers(const Options& options) {
    for (const auto& [key, value] : options) {
      keys.push_back(key.c_str());
      values.push_back(value.c_str());
    }
  }
  std::vector<const char*> keys, values;
};

Status RequireProvider(const char* provider, std::string_view wanted_by) {
  const std::vector<std::string> available = Ort::GetAvailableProviders();
  if (std::ranges::find(available, provider) != available.end()) return {};
  std::string names;
  for (const std::string& name : available) names += (names.empty() ? "" : ", ") + name;
  return Status::Unsupported(wanted_by, " needs ", provider,
                             ", which this ONNX Runtime library does not have; it has: ", names);
}

Status AddPrecision(const std::string& mode, Options& options) {
  if (mode == "FP32") return {};
  if (mode != "FP16" && mode != "BF16" && mode != "INT8") {
    return Status::InvalidArg("unsupported precision mode '", mode, "' is requested");
  }
  options[mode == "FP16" ? "trt_fp16_enable" : mode == "BF16" ? "trt_bf16_enable" : "trt_int8_enable"] = "1";
  return {};
}

Result<Options> TensorRtOptions(const Options& parameters, int32_t device_id) {
  Options options{{"device_id", std::to_string(device_id)}};
  for (const auto& [key, value] : parameters) {
    if (key == "precision_mode") {
      NESO_RETURN_IF_ERROR(AddPrecision(value, options));
    } else if (key == "max_workspace_size_bytes") {
      options["trt_max_workspace_size"] = value;
    } else if (key == "int8_calibration_table_name") {
      options["trt_int8_calibration_table_name"] = value;
    } else if (key == "int8_use_native_calibration_table") {
      options["trt_int8_use_native_calibration_table"] = value;
    } else if (std::ranges::find(kTensorRtKeys, key) != std::end(kTensorRtKeys)) {
      options[key] = value;
    } else {
      return Status::InvalidArg("unknown parameter '", key, "' is provided for TensorRT Execution Accelerator");
    }
  }
  return options;
}

Status AppendTensorRt(const Options& parameters, int32_t device_id, Ort::SessionOptions& options) {
  NESO_ASSIGN_OR_RETURN(const Options chosen, TensorRtOptions(parameters, device_id));
  NESO_RETURN_IF_ERROR(RequireProvider("TensorrtExecutionProvider", "execution accelerator 'tensorrt'"));
  OrtTensorRTProviderOptionsV2* raw = nullptr;
  Ort::ThrowOnError(Ort::GetApi().CreateTensorRTProviderOptions(&raw));
  const std::unique_ptr<OrtTensorRTProviderOptionsV2, decltype(OrtApi::ReleaseTensorRTProviderOptions)> provider(
      raw, Ort::GetApi().ReleaseTensorRTProviderOptions);
  const TextPointers text(chosen);
  Ort::ThrowOnError(
      Ort::GetApi().UpdateTensorRTProviderOptions(raw, text.keys.data(), text.values.data(), text.keys.size()));
  options.AppendExecutionProvider_TensorRT_V2(*raw);
  return {};
}

// `parameters` are the accelerator's; the model's own keys of the CUDA provider count where it does not say.
Status AppendCuda(const backend::Parameters& model, Options parameters, int32_t device_id,
                  Ort::SessionOptions& options) {
  if (const Status missing = RequireProvider("CUDAExecutionProvider", "a KIND_GPU instance"); !missing.ok()) {
    return Status::Unsupported(missing.message(), "; `make build BACKENDS=onnxruntime-gpu` brings one that does");
  }
  OpenCudaLibraries(Settings().folder + "/cuda");
  parameters["device_id"] = std::to_string(device_id);
  constexpr std::pair<std::string_view, std::vector<std::string_view> (*)()> kChoices[] = {
      {"cudnn_conv_algo_search",
       [] {
         return std::vector<std::string_view>{"EXHAUSTIVE", "HEURISTIC", "DEFAULT"};
       }},
      {"arena_extend_strategy", [] {
         return std::vector<std::string_view>{"kNextPowerOfTwo", "kSameAsRequested"};
       }}};
  for (const auto& [key, names] : kChoices) {
    if (!model.Find(key)) continue;
    NESO_ASSIGN_OR_RETURN(const int64_t choice, model.Or(key, 0));
    if (choice < 0 || choice >= static_cast<int64_t>(names().size())) {
      return Status::InvalidArg("parameter '", key, "': expected 0 to ", names().size() - 1, ", got ", choice);
    }
    parameters.try_emplace(std::string(key), names()[static_cast<size_t>(choice)]);
  }
  for (const std::string_view key : {"gpu_mem_limit", "do_copy_in_default_stream"}) {
    if (const auto value = model.Find(key)) parameters.try_emplace(std::string(key), *value);
  }
  OrtCUDAProviderOptionsV2* raw = nullptr;
  Ort::ThrowOnError(Ort::GetApi().CreateCUDAProviderOptions(&raw));
  const std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(OrtApi::ReleaseCUDAProviderOptions)> provider(
      raw, Ort::GetApi().ReleaseCUDAProviderOptions);
  const TextPointers text(parameters);
  Ort::ThrowOnError(
      Ort::GetApi().UpdateCUDAProviderOptions(raw, text.keys.data(), text.values.data(), text.keys.size()));
  options.AppendExecutionProvider_CUDA_V2(*raw);
  return {};
}

Status AppendOpenVino(const Options& parameters, Ort::SessionOptions& options) {
  NESO_RETURN_IF_ERROR(RequireProvider("OpenVINOExecutionProvider", "execution accelerator 'openvino'"));
  Options chosen = parameters;
  chosen.try_emplace("device_type", "CPU");
  options.AppendExecutionProvider_OpenVINO_V2(chosen);
  return {};
}

struct Accelerator {
  std::string name;
  Options parameters;
};

std::vector<Accelerator> ReadAccelerators(const rapidjson::Document& document, std::string_view list_name) {
  std::vector<Accelerator> accelerators;
  const rapidjson::Value* optimization = FindMember(document, "optimization");
  const rapidjson::Value* lists =
      optimization == nullptr ? nullptr : FindMember(*optimization, "execution_accelerators");
  const rapidjson::Value* list = lists == nullptr ? nullptr : FindMember(*lists, list_name);
  if (list == nullptr || !list->IsArray()) return accelerators;
  for (const rapidjson::Value& entry : list->GetArray()) {
    Accelerator accelerator{backend::StringOr(entry, "name"), {}};
    if (const rapidjson::Value* values = FindMember(entry, "parameters"); values != nullptr && values->IsObject()) {
      for (const auto& member : values->GetObject()) {
        accelerator.parameters[member.name.GetString()] = member.value.IsString() ? member.value.GetString() : "";
      }
    }
    accelerators.push_back(std::move(accelerator));
  }
  return accelerators;
}

Status AppendForGpu(const backend::Parameters& parameters, const rapidjson::Document& document, int32_t device_id,
                    Ort::SessionOptions& options) {
  Options cuda;
  for (const Accelerator& accelerator : ReadAccelerators(document, "gpu_execution_accelerator")) {
    if (accelerator.name == "tensorrt") {
      NESO_RETURN_IF_ERROR(AppendTensorRt(accelerator.parameters, device_id, options));
    } else if (accelerator.name == "cuda") {
      cuda = accelerator.parameters;
    } else {
      return Status::InvalidArg("unknown Execution Accelerator '", accelerator.name, "' is requested");
    }
  }
  return AppendCuda(parameters, std::move(cuda), device_id, options);
}

}  // namespace

Status AppendAccelerators(const backend::Parameters& parameters, const rapidjson::Document& document,
                          TRITONSERVER_InstanceGroupKind kind, int32_t device_id, Ort::SessionOptions& options) {
  if (kind == TRITONSERVER_INSTANCEGROUPKIND_GPU) return AppendForGpu(parameters, document, device_id, options);
  for (const Accelerator& accelerator : ReadAccelerators(document, "cpu_execution_accelerator")) {
    if (accelerator.name != "openvino") {
      return Status::InvalidArg("unknown Execution Accelerator '", accelerator.name, "' is requested");
    }
    NESO_RETURN_IF_ERROR(AppendOpenVino(accelerator.parameters, options));
  }
  return {};
}

}  // namespace neso::onnxruntime
