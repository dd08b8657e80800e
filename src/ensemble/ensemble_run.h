// One request to an ensemble, from step to step.
//
// Whatever happens (a step answers, a request is released, somebody cancels) is noted under the lock, and done about by
// one thread at a time, which holds no lock then: it submits steps, sends responses, lets go of what is over. No thread
// waits for a step, and however long a chain of steps is that answer at once, the stack does not grow (base/in_turn.h).
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "core/compute_totals.h"
#include "core/model_finder.h"
#include "core/request.h"
#include "core/response.h"
#include "core/statistics.h"
#include "ensemble/graph.h"
#include "ensemble/step_call.h"
#include "ensemble/step_limiter.h"

namespace neso {

// What the runs of one ensemble share. Outlives them: each has a handle of the ensemble, whose scheduler has this.
struct EnsemblePlan {
  EnsemblePlan(const inference::ModelConfig& config, const ModelFinder& finder, Executor& executor,
               StatisticsShard& statistics);

  const EnsembleGraph graph;
  const std::vector<bool> all_steps;    // those that all outputs need: every one
  const std::vector<bool> all_results;  // by tensor: an output of the ensemble
  const ModelFinder& finder;
  Executor& executor;
  StatisticsShard& statistics;
  StepLimiter limiter;
};

// Thread-safe. Held by each request to a step, and by whoever is about to run it.
class EnsembleRun final : public Runnable, public std::enable_shared_from_this<EnsembleRun> {
 public:
  explicit EnsembleRun(EnsemblePlan& plan) : plan_(plan) {}

  // Takes the ensemble's request, which is answered and released in any case. Once.
  void Start(std::unique_ptr<InferenceRequest> request) noexcept;
  // The limiter has let `call` pass.
  void Resume(StepCall& call);

  // Does what there is to do. For RunInTurn and the executor only.
  void Run() override;

 private:
  // One thing to do without the lock.
  struct Work {
    enum class Kind : uint8_t { kNone, kFail, kClean, kAnswer, kCall, kEnd } kind = Kind::kNone;
    std::list<StepCall> calls;  // kClean: these are over
    std::list<Pass> passes;     // kClean: these too; kAnswer: this one is complete
    StepCall* call = nullptr;   // kCall
  };

  void ChooseResults();
  void FindModels();
  void TakeModel(size_t callee, Expected<ModelHandle> model);
  void StartSteps(Status status);
  void Cancel();

  // --- noting what happened; failures are not thrown -----------------------------------------------------------------
  Status BeginPass() REQUIRES(mutex_);
  Status TakeOutputs(StepCall& call, const std::shared_ptr<StepAnswer>& answer) REQUIRES(mutex_);
  void AddCalls(std::list<Pass>::iterator pass, const std::vector<size_t>& ready) REQUIRES(mutex_);
  // Passes that are complete, in the order of their responses.
  void Settle() REQUIRES(mutex_);
  bool HasResults(const Pass& pass) const;
  Status CheckResults(const Pass& pass) const;
  void Fail(Status error) REQUIRES(mutex_);
  void EndIfOver(StepCall& call) REQUIRES(mutex_);
  // True: the caller is to run this object.
  bool Claim() REQUIRES(mutex_);

  // --- doing something about it; no lock is held ---------------------------------------------------------------------
  Work NextWork() REQUIRES(mutex_);
  void Do(Work& work);
  void Answer(Pass& pass);
  Status AnswerWithResults(Pass& pass);
  void AnswerFailure();
  void CancelCalls();
  void Clean(Work& work);
  void Call(StepCall& call);
  Status Submit(StepCall& call);
  Status Fill(InferenceRequest& request, const StepCall& call) const;
  void End();

  // --- what a step's request says ------------------------------------------------------------------------------------
  static void OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp);
  static void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp);
  void TakeResponse(StepCall& call, std::unique_ptr<InferenceResponse> response, bool is_final);
  void TakeRelease(StepCall& call);

  EnsemblePlan& plan_;
  ModelHandle ensemble_;  // last to go: the plan is a part of it
  ComputeTotals totals_;
  std::unique_ptr<InferenceRequest> request_;
  std::shared_ptr<ResponseFactory> factory_;
  uint64_t started_ns_ = 0;
  // What is wanted of the graph: the plan's, or what some of the outputs need.
  std::vector<bool> own_steps_, own_results_;
  const std::vector<bool>* steps_ = nullptr;
  const std::vector<bool>* results_ = nullptr;
  std::atomic<size_t> models_missing_{0};
  std::vector<ModelHandle> models_;  // by callee; the same until the end, whatever is loaded and unloaded meanwhile

  Mutex mutex_;
  Status lookup_ GUARDED_BY(mutex_);                  // the first error of looking for models
  std::list<StepCall> new_calls_ GUARDED_BY(mutex_);  // to be submitted
  std::list<StepCall> calls_ GUARDED_BY(mutex_);      // submitted, or waiting for the limiter
  // In the order of their responses: what a decoupled step has begun stands before the pass that it is in.
  std::list<Pass> passes_ GUARDED_BY(mutex_);
  std::list<Pass> complete_ GUARDED_BY(mutex_);  // to be answered
  std::list<StepCall> ended_calls_ GUARDED_BY(mutex_);
  std::list<Pass> ended_passes_ GUARDED_BY(mutex_);
  Status failure_ GUARDED_BY(mutex_);
  bool is_started_ GUARDED_BY(mutex_) = false;
  bool has_failed_ GUARDED_BY(mutex_) = false;
  bool is_failure_told_ GUARDED_BY(mutex_) = false;
  bool has_last_ GUARDED_BY(mutex_) = false;  // the last response is complete, or has been sent
  bool is_over_ GUARDED_BY(mutex_) = false;
  bool is_claimed_ GUARDED_BY(mutex_) = false;            // a thread runs it or is about to
  std::shared_ptr<EnsembleRun> keep_ GUARDED_BY(mutex_);  // while it is claimed
};

}  // namespace neso
