#include "config/validate.h"

#include <algorithm>
#include <array>

#include "config/ensemble.h"

namespace neso {
namespace {

struct PlatformOf {
  std::string_view backend;
  std::string_view platform;
};
// Backends that serve several forms of models, or did once, and tell them apart by the platform.
constexpr std::array<PlatformOf, 6> kPlatforms = {{{"tensorflow", "tensorflow_savedmodel"},
                                                   {"tensorflow", "tensorflow_graphdef"},
                                                   {"tensorrt", "tensorrt_plan"},
                                                   {"onnxruntime", "onnxruntime_onnx"},
                                                   {"pytorch", "pytorch_libtorch"},
                                                   {"pytorch", "torch_aoti"}}};

Status ValidatePlatform(const inference::ModelConfig& config) {
  if (config.platform() == "ensemble") {
    if (config.backend().empty()) return {};
    return InvalidArg("Ensemble model '{}' must have platform type 'ensemble' and empty backend type", config.name());
  }
  if (config.backend().empty())
    return InvalidArg("unexpected platform type '{}' for {}", config.platform(), config.name());

  const auto same_backend = [&](const PlatformOf& pair) { return pair.backend == config.backend(); };
  const auto same_pair = [&](const PlatformOf& pair) {
    return same_backend(pair) && pair.platform == config.platform();
  };
  if (std::any_of(kPlatforms.begin(), kPlatforms.end(), same_backend) &&
      std::none_of(kPlatforms.begin(), kPlatforms.end(), same_pair)) {
    return InvalidArg("unexpected 'platform' and 'backend' pair, got:{}, {}", config.platform(), config.backend());
  }
  return {};
}

Status ValidateModelMetrics(const inference::ModelConfig& config) {
  for (const auto& control : config.model_metrics().metric_control()) {
    if (control.metric_identifier().family().empty()) {
      return InvalidArg("model metrics must specify 'family' in 'metric_identifier' for {}", config.name());
    }
    if (!control.has_histogram_options()) {
      return InvalidArg("model metrics must specify 'histogram_options' of family '{}' for {}",
                        control.metric_identifier().family(), config.name());
    }
    if (control.histogram_options().buckets().empty()) {
      return InvalidArg("model metrics must specify 'buckets' in 'histogram_options' of family '{}' for {}",
                        control.metric_identifier().family(), config.name());
    }
  }
  return {};
}

Status ValidateEnsembleChoice(const inference::ModelConfig& config) {
  if (config.platform() == "ensemble") {
    if (config.has_ensemble_scheduling()) return ValidateEnsembleLocally(config);
    return InvalidArg("ensemble scheduling must be set for ensemble {} whose platform is ensemble", config.name());
  }
  if (!config.has_ensemble_scheduling()) return {};
  return InvalidArg("ensemble scheduling cannot be set for model '{}' whose platform is not ensemble", config.name());
}

Status ValidateTensorCount(int count, std::string_view role, const inference::ModelConfig& config) {
  if (count <= kMaxTensors) return {};
  return InvalidArg("expected at most {} {}s, got {} for {}", kMaxTensors, role, count, config.name());
}

}  // namespace

Status ValidateAtPoll(const inference::ModelConfig& config, std::string_view folder_name, bool auto_complete_enabled) {
  if (config.name() != folder_name) {
    return InvalidArg("unexpected directory name '{}' for model '{}', directory name must equal model name",
                      folder_name, config.name());
  }
  RETURN_IF_ERROR(ValidatePlatform(config));
  if (config.max_batch_size() < 0) {
    return InvalidArg("'max_batch_size' must be non-negative value for {}", config.name());
  }
  RETURN_IF_ERROR(ValidateTensorCount(config.input_size(), "input", config));
  RETURN_IF_ERROR(ValidateTensorCount(config.output_size(), "output", config));
  RETURN_IF_ERROR(ValidateScheduling(config));
  RETURN_IF_ERROR(ValidateModelMetrics(config));
  RETURN_IF_ERROR(ValidateEnsembleChoice(config));
  if (auto_complete_enabled) return {};
  RETURN_IF_ERROR(ValidateInputsAndOutputs(config));
  return ValidateBatchTensors(config);
}

Status ValidateAtLoad(const inference::ModelConfig& config, const GpuInventory& gpus) {
  RETURN_IF_ERROR(ValidateInputsAndOutputs(config));
  RETURN_IF_ERROR(ValidateBatchTensors(config));
  RETURN_IF_ERROR(ValidateInstanceGroups(config, gpus));
  return ValidateWarmUp(config);
}

}  // namespace neso
