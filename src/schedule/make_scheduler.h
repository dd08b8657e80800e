// The scheduler a configuration asks for.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/timer_queue.h"
#include "core/instance.h"
#include "core/model.h"
#include "core/scheduler.h"

namespace neso {

// What schedulers share; outlives them.
struct SchedulingContext {
  Executor& executor;
  TimerQueue& timers;
  const Clock& clock;
};

// Whether there is a scheduler for what the configuration asks for. Errors: kUnsupported, naming what is missing.
Status CheckSchedulingSupported(const inference::ModelConfig& config);

// `model` is borrowed: it owns the scheduler that comes back. `instances` are those not passive, at least one.
// Precondition: CheckSchedulingSupported.
std::unique_ptr<Scheduler> MakeScheduler(Model& model, std::vector<ModelInstance*> instances,
                                         const SchedulingContext& context);

// Changes the set of instances of a running scheduler in place. Waits until removed ones have finished executing.
Status UpdateInstances(Scheduler& scheduler, std::vector<ModelInstance*> instances);

}  // namespace neso
