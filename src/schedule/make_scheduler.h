// The scheduler a configuration asks for.
#pragma once

#include <memory>
#include <vector>

#include "core/instance.h"
#include "core/model.h"
#include "core/scheduler.h"
#include "core/sequence_state.h"
#include "schedule/scheduling_context.h"

namespace neso {

// Whether there is a scheduler for what the configuration asks for. Errors: kUnsupported, naming what is missing.
Status CheckSchedulingSupported(const inference::ModelConfig& config);

// `model` is borrowed: it owns the scheduler that comes back. `instances` are those not passive, at least one.
// `states` are those of a sequence model. Precondition: CheckSchedulingSupported.
std::unique_ptr<Scheduler> MakeScheduler(Model& model, const std::vector<ModelInstance*>& instances,
                                         const SchedulingContext& context, std::vector<StateSpec> states = {});

}  // namespace neso
