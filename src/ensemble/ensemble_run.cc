#include "ensemble/ensemble_run.h"

#include <algorithm>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/clock.h"
#include "base/in_turn.h"
#include "base/memory_budget.h"
#include "core/model.h"

namespace neso {
namespace {

std::vector<bool> ResultsOf(const EnsembleGraph& graph) {
  std::vector<bool> results;
  results.reserve(graph.tensors.size());
  for (const EnsembleGraph::Tensor& tensor : graph.tensors) results.push_back(tensor.is_result);
  return results;
}

}  // namespace

EnsemblePlan::EnsemblePlan(const inference::ModelConfig& config, const ModelFinder& finder, Executor& executor,
                           StatisticsShard& statistics)
    : graph(MakeGraph(config)),
      all_steps(StepsFor(graph, graph.outputs)),
      all_results(ResultsOf(graph)),
      finder(finder),
      executor(executor),
      statistics(statistics),
      limiter(graph.steps.size(), config.ensemble_scheduling().max_inflight_requests()) {}

// --- start -----------------------------------------------------------------------------------------------------------

void EnsembleRun::Start(std::unique_ptr<InferenceRequest> request) noexcept {
  request_ = std::move(request);
  ensemble_ = request_->model();
  factory_ = request_->shared_response_factory();
  started_ns_ = SteadyNanoseconds();
  Status status = CatchExceptions([&]() -> Status {
    // Weak, since the request holds the factory.
    factory_->SetCancelHook([weak = weak_from_this()] {
      if (const std::shared_ptr<EnsembleRun> run = weak.lock()) run->Cancel();
    });
    ChooseResults();
    FindModels();
    return {};
  });
  if (!status.ok()) StartSteps(std::move(status));
}

void EnsembleRun::ChooseResults() {
  steps_ = &plan_.all_steps;
  results_ = &plan_.all_results;
  if (request_->outputs().size() == plan_.graph.outputs.size()) return;
  std::vector<size_t> wanted;
  own_results_.resize(plan_.graph.tensors.size());
  for (const std::string& output : request_->outputs()) {
    wanted.push_back(
        plan_.graph.outputs[static_cast<size_t>(ensemble_->FindOutput(output) - ensemble_->outputs().data())]);
    own_results_[wanted.back()] = true;
  }
  own_steps_ = StepsFor(plan_.graph, wanted);
  steps_ = &own_steps_;
  results_ = &own_results_;
}

// All of them first: a request that runs is not left without its last step by an unload.
void EnsembleRun::FindModels() {
  const std::vector<EnsembleGraph::Callee>& callees = plan_.graph.callees;
  models_.resize(callees.size());
  models_missing_ = callees.size() + 1;
  for (size_t i = 0; i < callees.size(); ++i) {
    plan_.finder.FindThen(
        callees[i].model, callees[i].version,
        [self = shared_from_this(), i](Expected<ModelHandle> model) { self->TakeModel(i, std::move(model)); });
  }
  if (models_missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) StartSteps({});
}

void EnsembleRun::TakeModel(size_t callee, Expected<ModelHandle> model) {
  if (model) {
    models_[callee] = *std::move(model);
  } else {
    MutexLock lock(mutex_);
    if (lookup_.ok()) lookup_ = std::move(model).error();
  }
  if (models_missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) StartSteps({});
}

void EnsembleRun::StartSteps(Status status) {
  bool is_ours = false;
  {
    MutexLock lock(mutex_);
    is_started_ = true;
    if (status.ok()) status = lookup_;
    if (status.ok() && !has_failed_) {
      status = CatchExceptions([&]() NO_THREAD_SAFETY_ANALYSIS { return BeginPass(); });
    }
    if (!status.ok()) Fail(std::move(status));
    Settle();
    is_ours = Claim();
  }
  if (is_ours) RunInTurn(this);
}

Status EnsembleRun::BeginPass() {
  passes_.emplace_back(plan_.graph, *steps_);
  Pass& pass = passes_.back();
  std::vector<size_t> ready;
  for (const size_t tensor : plan_.graph.inputs) {
    pass.values[tensor].input = request_->FindInput(plan_.graph.tensors[tensor].name);
    pass.progress.Arrive(tensor, ready);
  }
  AddCalls(passes_.begin(), ready);
  return {};
}

// It runs on the canceller's thread, who does not wait for answers.
void EnsembleRun::Cancel() {
  MutexLock lock(mutex_);
  if (has_failed_ || has_last_) return;
  Fail(Cancelled("Request cancelled"));
  if (Claim()) plan_.executor.Post(this);
}

void EnsembleRun::Resume(StepCall& call) {
  bool is_ours = false;
  {
    MutexLock lock(mutex_);
    call.has_entered = true;
    new_calls_.splice(new_calls_.end(), calls_, call.self);
    is_ours = Claim();
  }
  if (is_ours) RunInTurn(this);
}

// --- what a step's request says --------------------------------------------------------------------------------------

void EnsembleRun::OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp) {
  auto& call = *static_cast<StepCall*>(userp);
  std::unique_ptr<InferenceResponse> owned(static_cast<InferenceResponse*>(response));
  const std::shared_ptr<EnsembleRun> run = call.run;
  run->TakeResponse(call, std::move(owned), (flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0);
}

void EnsembleRun::TakeResponse(StepCall& call, std::unique_ptr<InferenceResponse> response, bool is_final) {
  std::shared_ptr<StepAnswer> answer;
  Status status = CatchExceptions([&]() -> Status {
    if (response == nullptr || !response->status().ok()) return response == nullptr ? Status() : response->status();
    answer = MakeAnswer(std::move(response), call.sequence);
    return {};
  });
  bool is_ours = false;
  {
    MutexLock lock(mutex_);
    if (status.ok() && answer != nullptr && !has_failed_) {
      status = CatchExceptions([&]() NO_THREAD_SAFETY_ANALYSIS { return TakeOutputs(call, answer); });
    }
    if (!status.ok()) Fail(std::move(status));
    if (is_final) {
      call.last_answer = std::move(answer);
      call.is_answered = true;
      --call.pass->running;
      Settle();
      EndIfOver(call);
    } else if (call.is_decoupled) {
      Settle();
    }
    is_ours = Claim();
  }
  if (is_ours) RunInTurn(this);
}

void EnsembleRun::OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp) {
  if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
  delete static_cast<InferenceRequest*>(request);
  auto& call = *static_cast<StepCall*>(userp);
  const std::shared_ptr<EnsembleRun> run = call.run;
  run->TakeRelease(call);
}

void EnsembleRun::TakeRelease(StepCall& call) {
  bool is_ours = false;
  {
    MutexLock lock(mutex_);
    call.is_released = true;
    if (plan_.graph.steps[call.step].reads_result) {
      --call.pass->reading;
      Settle();
    }
    EndIfOver(call);
    is_ours = Claim();
  }
  if (is_ours) RunInTurn(this);
}

// --- noting what happened --------------------------------------------------------------------------------------------

Status EnsembleRun::TakeOutputs(StepCall& call, const std::shared_ptr<StepAnswer>& answer) {
  // A source that is quicker than what lies behind it would fill the memory, and cannot be made to wait.
  if (call.is_decoupled) RETURN_IF_ERROR(MemoryBudget::OfProcess().Admit());
  const EnsembleGraph::Step& step = plan_.graph.steps[call.step];
  // What a response of a decoupled step begins comes before what its pass has begun later, and before the pass itself.
  const auto pass = call.is_decoupled ? passes_.emplace(call.pass, plan_.graph, *steps_) : call.pass;
  std::vector<size_t> ready;
  for (Output& output : answer->response->outputs()) {
    const EnsembleGraph::Link* const link = step.FindOutput(output.name());
    if (link == nullptr || !pass->progress.Arrive(link->tensor, ready)) continue;
    pass->values[link->tensor] = {.output = &output, .answer = answer};
  }
  // What the model left out will not come: the steps behind it go on without, where their models allow it.
  for (const EnsembleGraph::Link& link : step.outputs) pass->progress.Arrive(link.tensor, ready);
  AddCalls(pass, ready);
  return {};
}

void EnsembleRun::AddCalls(std::list<Pass>::iterator pass, const std::vector<size_t>& ready) {
  for (const size_t number : ready) {
    const EnsembleGraph::Step& step = plan_.graph.steps[number];
    new_calls_.push_back({.step = number,
                          .pass = pass,
                          .self = {},
                          .inputs = {},
                          .sequence = {request_->correlation_id(), request_->flags()},
                          .outputs = {&plan_.graph, &step, factory_.get(), results_}});
    StepCall& call = new_calls_.back();
    call.self = std::prev(new_calls_.end());
    for (const EnsembleGraph::Link& input : step.inputs) {
      const TensorValue& value = call.inputs.emplace_back(pass->values[input.tensor]);
      if (value.answer != nullptr && value.answer->sequence) call.sequence = *value.answer->sequence;
    }
    // From now on the calls keep it, until they are released.
    for (const size_t tensor : step.reads) {
      if (pass->progress.Read(tensor) && !(*results_)[tensor]) pass->values[tensor] = {};
    }
    ++pass->running;
    if (step.reads_result) ++pass->reading;
  }
}

void EnsembleRun::Settle() {
  while (!has_failed_ && !passes_.empty()) {
    Pass& first = passes_.front();
    if (first.running > 0 || first.reading > 0) return;
    const bool is_root = passes_.size() == 1;
    if (is_root && !ensemble_->is_decoupled()) {
      if (Status status = CheckResults(first); !status.ok()) return Fail(std::move(status));
    }
    const bool is_answer = is_root || HasResults(first);
    std::list<Pass>& target = is_answer ? complete_ : ended_passes_;
    target.splice(target.end(), passes_, passes_.begin());
    // The last response says that it is the last, if that is known by now.
    const bool is_next_to_last = passes_.size() == 1 && passes_.front().running == 0 && passes_.front().reading == 0;
    if (is_answer && !is_root && is_next_to_last) ended_passes_.splice(ended_passes_.end(), passes_, passes_.begin());
    has_last_ = passes_.empty();
    if (is_answer) complete_.back().is_last = has_last_;
  }
}

bool EnsembleRun::HasResults(const Pass& pass) const {
  return std::any_of(plan_.graph.outputs.begin(), plan_.graph.outputs.end(),
                     [&](size_t tensor) { return (*results_)[tensor] && pass.values[tensor].is_there(); });
}

Status EnsembleRun::CheckResults(const Pass& pass) const {
  for (const size_t tensor : plan_.graph.outputs) {
    if (!(*results_)[tensor] || pass.progress.HasArrived(tensor)) continue;
    return InvalidArg("{}unexpected deadlock, at least one output is not set while no more ensemble steps can be made",
                      request_->LogPrefix());
  }
  return {};
}

void EnsembleRun::Fail(Status error) {
  if (has_failed_ || has_last_) return;
  has_failed_ = true;
  failure_ = std::move(error);
}

void EnsembleRun::EndIfOver(StepCall& call) {
  if (call.is_answered && call.is_released) ended_calls_.splice(ended_calls_.end(), calls_, call.self);
}

bool EnsembleRun::Claim() {
  if (is_claimed_) return false;
  is_claimed_ = true;
  keep_ = shared_from_this();
  return true;
}

}  // namespace neso
