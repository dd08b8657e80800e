#include "schedule/make_scheduler.h"

#include "base/environment.h"
#include "base/log.h"
#include "schedule/dispatcher.h"
#include "schedule/sequence_batcher.h"
#include "schedule/shared_scheduler.h"

namespace neso {
namespace {

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

std::unique_ptr<Scheduler> MakeScheduler(Model& model, const std::vector<ModelInstance*>& instances,
                                         const SchedulingContext& context, SchedulerParts parts) {
  const inference::ModelConfig& config = model.config();
  if (config.has_sequence_batching()) {
    return std::make_unique<SharedScheduler<SequenceBatcher>>(
        std::make_shared<SequenceBatcher>(model, SetUpSequences(model, instances), std::move(parts.states), context),
        instances);
  }
  const auto batching = [&](BatchingConfig settings, BatchStrategy* strategy) {
    return std::make_unique<SharedScheduler<Dispatcher>>(
        std::make_shared<Dispatcher>(model, std::move(settings), context, strategy), instances);
  };
  if (!config.has_dynamic_batching()) return batching(DirectConfig(), nullptr);
  BatchingConfig settings = DynamicConfig(config);
  SetUpBatcher(model, settings);
  return batching(std::move(settings), parts.strategy);
}

}  // namespace neso
