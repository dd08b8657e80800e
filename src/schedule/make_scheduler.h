// The scheduler a configuration asks for.
#pragma once

#include <memory>
#include <vector>

#include "core/instance.h"
#include "core/model.h"
#include "core/scheduler.h"
#include "core/sequence_state.h"
#include "schedule/batch_strategy.h"
#include "schedule/scheduling_context.h"

namespace neso {

// What a configuration only names.
struct SchedulerParts {
  std::vector<StateSpec> states;      // of a sequence model
  BatchStrategy* strategy = nullptr;  // of one with dynamic batching; borrowed. Null: it has none
};

// `model` is borrowed: it owns the scheduler that comes back. `instances` are those not passive, at least one.
std::unique_ptr<Scheduler> MakeScheduler(Model& model, const std::vector<ModelInstance*>& instances,
                                         const SchedulingContext& context, SchedulerParts parts = {});

}  // namespace neso
