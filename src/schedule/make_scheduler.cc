#include "schedule/make_scheduler.h"

#include "schedule/batch_scheduler.h"

namespace neso {

Expected<std::unique_ptr<Scheduler>> MakeScheduler(Model& model, std::vector<ModelInstance*> instances,
                                                   const SchedulingContext& context) {
  using Config = inference::ModelConfig;
  switch (model.config().scheduling_choice_case()) {
    case Config::kSequenceBatching:
      return Unsupported("model '{}' asks for sequence_batching, which this server does not support", model.name());
    case Config::kEnsembleScheduling:
      return Unsupported("model '{}' asks for ensemble_scheduling, which this server does not support", model.name());
    case Config::kDynamicBatching:
    case Config::SCHEDULING_CHOICE_NOT_SET: break;
  }
  BatchingConfig config = model.config().has_dynamic_batching() ? DynamicConfig(model.config()) : DirectConfig();
  return std::unique_ptr<Scheduler>(std::make_unique<BatchScheduler>(model, std::move(config), instances, context));
}

Status UpdateInstances(Scheduler& scheduler, std::vector<ModelInstance*> instances) {
  auto* const batching = dynamic_cast<BatchScheduler*>(&scheduler);
  if (batching == nullptr) return Unsupported("the model's scheduler cannot change its instances while it runs");
  batching->SetInstances(instances);
  return {};
}

}  // namespace neso
