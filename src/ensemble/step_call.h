// What a run of an ensemble has under way: passes through its graph, and requests to its steps.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "core/response.h"
#include "ensemble/graph.h"
#include "ensemble/step_limiter.h"
#include "ensemble/step_outputs.h"
#include "ensemble/tensor_value.h"

namespace neso {

class EnsembleRun;

// One pass through the graph, or through what lies behind a decoupled step: each of that step's responses begins one.
struct Pass {
  Pass(const EnsembleGraph& graph, const std::vector<bool>& needed)
      : progress(graph, needed), values(graph.tensors.size()) {}

  Progress progress;
  std::vector<TensorValue> values;  // by tensor; until the last step has read it, or the pass is answered
  size_t running = 0;               // calls whose final response is still to come
  size_t reading = 0;               // calls that have an output of the ensemble for their input, and are not released
  bool is_last = false;             // nothing comes after it
};

// One request to a step.
struct StepCall {
  size_t step;
  std::list<Pass>::iterator pass;
  std::list<StepCall>::iterator self;
  std::vector<TensorValue> inputs;  // in the order of the step's; keeps what the request reads
  StepSequence sequence;
  StepOutputs outputs;
  bool is_decoupled = false;
  bool has_entered = false;  // the limiter has let it pass
  bool is_answered = false;  // finally
  bool is_released = false;
  StepLimiter::Place place{};
  std::shared_ptr<EnsembleRun> run{};          // while it waits for the limiter, or is submitted
  std::shared_ptr<ResponseFactory> factory{};  // to cancel it; once it is about to be submitted
  std::shared_ptr<StepAnswer>
      last_answer{};  // kept until the call is over, so that it goes before the ensemble's request
};

}  // namespace neso
