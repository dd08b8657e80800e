#include "schedule/make_scheduler.h"

#include "base/environment.h"
#include "base/log.h"
#include "schedule/batch_scheduler.h"
#include "schedule/sequence_scheduler.h"

namespace neso {
namespace {

constexpr const char* kBatchStrategyParameter = "TRITON_BATCH_STRATEGY_PATH";

// The nice value that the configuration's priority stands for. There is no thread that could have it; the number is for
// those who read the log.
int NiceOf(const inference::ModelConfig& config) {
  using Policy = inference::ModelOptimizationPolicy;
  switch (config.optimization().priority()) {
    case Policy::PRIORITY_MAX: return 0;
    case Policy::PRIORITY_MIN: return 19;
    default: return 5;
  }
}

// What a dynamic batcher says at its start, and the hook that suites of tests fill its queue with.
void SetUpBatcher(const Model& model, BatchingConfig& config) {
  LOG_VERBOSE(1, "Starting dynamic-batcher thread for {} at nice {}...", model.name(), NiceOf(model.config()));
  config.starts_at = NumberFromEnvironment("TRITONSERVER_DELAY_SCHEDULER");
  if (config.starts_at == 0) return;
  LOG_VERBOSE(1, "Delaying batcher thread for {} until {} queued requests...", model.name(), config.starts_at);
}

// The hooks that suites of tests fill a sequence batcher's slots and backlog with.
SequenceConfig SetUpSequences(const Model& model, const std::vector<ModelInstance*>& instances) {
  SequenceConfig config = MakeSequenceConfig(model.config());
  config.starts_at = NumberFromEnvironment("TRITONSERVER_DELAY_SCHEDULER");
  config.starts_at_backlog = NumberFromEnvironment("TRITONSERVER_BACKLOG_DELAY_SCHEDULER");
  if (config.starts_at != 0) {
    for (const ModelInstance* instance : instances) {
      LOG_VERBOSE(1, "Delaying scheduler thread {} until {} queued requests...", instance->name(), config.starts_at);
    }
  }
  if (config.starts_at_backlog != 0) {
    LOG_INFO("Delaying scheduler until {} backlog queued requests...", config.starts_at_backlog);
  }
  return config;
}

}  // namespace

Status CheckSchedulingSupported(const inference::ModelConfig& config) {
  const auto missing = [&config](std::string_view what) {
    return Unsupported("model '{}' asks for {}, which this server does not have yet", config.name(), what);
  };
  if (config.parameters().contains(kBatchStrategyParameter)) {
    return missing(fmt::format("a batching strategy of its own (parameter {})", kBatchStrategyParameter));
  }
  return {};
}

std::unique_ptr<Scheduler> MakeScheduler(Model& model, const std::vector<ModelInstance*>& instances,
                                         const SchedulingContext& context, std::vector<StateSpec> states) {
  if (model.config().has_sequence_batching()) {
    return std::make_unique<SequenceScheduler>(model, SetUpSequences(model, instances), std::move(states), instances,
                                               context);
  }
  BatchingConfig config = model.config().has_dynamic_batching() ? DynamicConfig(model.config()) : DirectConfig();
  if (model.config().has_dynamic_batching()) SetUpBatcher(model, config);
  return std::make_unique<BatchScheduler>(model, std::move(config), instances, context);
}

}  // namespace neso
