// Says what is wrong with a configuration, in the words that users know. Pure functions from data.
//
// The stages follow the life of a model; a later one relies on the earlier ones:
//   1. ValidateAtPoll     when the model's folder is read (an error is a poll failure)
//   2. ValidateEnsemble   in ensemble.h, when the models of the repository are known (a load error without version)
//   3. ValidateAtLoad     when a version is loaded, after its backend's own checks (a load error of that version)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// What a configuration may ask for at most. No configuration in use comes near; a mistyped or hostile one is told so
// instead of taking the machine.
inline constexpr int kMaxTensors = 10'000;              // inputs, and outputs; of a request, too
inline constexpr uint64_t kMaxPriorityLevels = 10'000;  // each is a queue, and each is looked at for every batch
inline constexpr uint64_t kMaxInstances = 4096;         // as many as can execute at the same time
inline constexpr uint64_t kMaxWarmUpBytes = uint64_t{1} << 30;

// A model's parameter that is ours: the name of the request parameter that requests of a batch have in common.
inline constexpr const char* kBatchKeyParameter = "BATCH_KEY_PARAMETER";
// Another one: the name of the request parameter that tells clients apart, who then share the queue.
inline constexpr const char* kFairShareParameter = "FAIR_SHARE_PARAMETER";
// And the latency that the dynamic batcher keeps to.
inline constexpr const char* kLatencyTargetParameter = "LATENCY_TARGET_MICROSECONDS";
// 0: none. Error: kInvalidArg, it is no number above 0.
Expected<uint64_t> LatencyTargetMicroseconds(const inference::ModelConfig& config);

// Expects a config that went through CompleteModelConfig and NormalizeModelConfig. `folder_name` is the name of the
// model's folder. With auto-complete disabled inputs, outputs and batch tensors are checked here already.
// Errors: kInvalidArg.
Status ValidateAtPoll(const inference::ModelConfig& config, std::string_view folder_name, bool auto_complete_enabled);

// What instance groups are checked against.
struct GpuInventory {
  std::span<const int> ids;             // usable GPUs, ascending
  double min_compute_capability = 0.0;  // what "usable" meant; for the message
};

// Expects a config that went through NormalizeInstanceGroups. Runs all of the following. Labels: see labels.h.
// Errors: kInvalidArg; kInternal for an instance group whose kind is still KIND_AUTO or unknown.
Status ValidateAtLoad(const inference::ModelConfig& config, const GpuInventory& gpus);

Status ValidateInputsAndOutputs(const inference::ModelConfig& config);
Status ValidateBatchTensors(const inference::ModelConfig& config);
Status ValidateInstanceGroups(const inference::ModelConfig& config, const GpuInventory& gpus);
Status ValidateWarmUp(const inference::ModelConfig& config);

// How many instances a group stands for, once its count and GPUs are explicit.
uint64_t InstanceCount(const inference::ModelInstanceGroup& group);

// Part of ValidateAtPoll: dynamic and sequence batching, and what does not go together with them.
Status ValidateScheduling(const inference::ModelConfig& config);
// Part of that; again for an ensemble when it is known whether a step is decoupled.
Status ValidateResponseCache(const inference::ModelConfig& config);

}  // namespace neso
