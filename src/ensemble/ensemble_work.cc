// The part of EnsembleRun that does what there is to do, on one thread at a time and without a lock.
#include <utility>

#include "base/catch_exceptions.h"
#include "base/clock.h"
#include "core/model.h"
#include "core/statistics.h"
#include "core/trace.h"
#include "ensemble/ensemble_run.h"

namespace neso {
namespace {

InferenceRequest::FailureReason ReasonOf(const Status& failure) {
  using Reason = InferenceRequest::FailureReason;
  return failure.code() == StatusCode::kCancelled ? Reason::kCanceled : Reason::kOther;
}

}  // namespace

void EnsembleRun::Run() {
  while (true) {
    std::shared_ptr<EnsembleRun> self;
    Work work;
    {
      MutexLock lock(mutex_);
      work = NextWork();
      if (work.kind == Work::Kind::kNone) {
        is_claimed_ = false;
        self = std::move(keep_);
        return;
      }
    }
    try {
      Do(work);
    } catch (...) {
      LogException("an ensemble's run");  // what matters of it has been done, or is done all the same
    }
  }
}

EnsembleRun::Work EnsembleRun::NextWork() {
  Work work;
  if (has_failed_) {
    ended_calls_.splice(ended_calls_.end(), new_calls_);
    ended_passes_.splice(ended_passes_.end(), complete_);
    if (!std::exchange(is_failure_told_, true)) {
      work.kind = Work::Kind::kFail;
      return work;
    }
  }
  if (!ended_calls_.empty() || !ended_passes_.empty()) {
    work.kind = Work::Kind::kClean;
    work.calls.swap(ended_calls_);
    work.passes.swap(ended_passes_);
  } else if (!complete_.empty()) {
    work.kind = Work::Kind::kAnswer;
    work.passes.splice(work.passes.end(), complete_, complete_.begin());
  } else if (!new_calls_.empty()) {
    work.kind = Work::Kind::kCall;
    work.call = &new_calls_.front();
    work.call->run = keep_;
    calls_.splice(calls_.end(), new_calls_, new_calls_.begin());
  } else if (is_started_ && calls_.empty() && (has_failed_ || has_last_) && !std::exchange(is_over_, true)) {
    work.kind = Work::Kind::kEnd;
    work.passes.swap(passes_);
  }
  return work;
}

void EnsembleRun::Do(Work& work) {
  switch (work.kind) {
    case Work::Kind::kNone: return;
    case Work::Kind::kFail: AnswerFailure(); return CancelCalls();
    case Work::Kind::kClean: return Clean(work);
    case Work::Kind::kAnswer: return Answer(work.passes.front());
    case Work::Kind::kCall: return Call(*work.call);
    case Work::Kind::kEnd: work.passes.clear(); return End();
  }
}

// --- answers ---------------------------------------------------------------------------------------------------------

void EnsembleRun::Answer(Pass& pass) {
  Status status = CatchExceptions([&] { return AnswerWithResults(pass); });
  if (status.ok()) return;
  MutexLock lock(mutex_);
  has_last_ = false;  // the error is the last response, whatever stands behind this one
  Fail(std::move(status));
}

Status EnsembleRun::AnswerWithResults(Pass& pass) {
  const uint32_t flags = pass.is_last ? TRITONSERVER_RESPONSE_COMPLETE_FINAL : 0;
  if (!HasResults(pass) && ensemble_->is_decoupled()) {
    factory_->SendFlags(flags);
    return {};
  }
  std::unique_ptr<InferenceResponse> response = factory_->CreateResponse(factory_);
  const StepSequence* sequence = nullptr;
  for (const std::string& name : request_->outputs()) {
    const auto position = static_cast<size_t>(ensemble_->FindOutput(name) - ensemble_->outputs().data());
    const TensorValue& value = pass.values[plan_.graph.outputs[position]];
    if (!value.is_there()) continue;
    RETURN_IF_ERROR(AddOutput(*response, name, value));
    if (value.answer != nullptr && value.answer->sequence) sequence = &*value.answer->sequence;
  }
  if (sequence != nullptr) AddParameters(*sequence, *response);
  InferenceResponse::Send(std::move(response), flags);
  return {};
}

void EnsembleRun::AnswerFailure() {
  try {
    Status error;
    {
      MutexLock lock(mutex_);
      error = Status(failure_.code(), fmt::format("in ensemble '{}', {}", ensemble_->name(), failure_.message()));
    }
    InferenceResponse::Send(factory_->CreateResponse(factory_), TRITONSERVER_RESPONSE_COMPLETE_FINAL, std::move(error));
  } catch (...) {
    LogException("the answer of an ensemble that failed");
    factory_->SendFlags(TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  }
}

// Nobody waits for what they make.
void EnsembleRun::CancelCalls() {
  std::vector<std::shared_ptr<ResponseFactory>> factories;
  {
    MutexLock lock(mutex_);
    for (auto call = calls_.begin(); call != calls_.end();) {
      const auto next = std::next(call);
      if (call->factory != nullptr) {
        if (!call->is_answered) factories.push_back(call->factory);
      } else if (plan_.limiter.Forget(*call)) {
        ended_calls_.splice(ended_calls_.end(), calls_, call);
      }
      call = next;
    }
  }
  for (const std::shared_ptr<ResponseFactory>& factory : factories) factory->Cancel();
}

// --- calls -----------------------------------------------------------------------------------------------------------

void EnsembleRun::Call(StepCall& call) {
  if (!call.has_entered) {
    // From here on it may be somebody else's who makes place for it.
    if (!plan_.limiter.Enter(call)) return;
    call.has_entered = true;
  }
  Status status = CatchExceptions([&] { return Submit(call); });
  if (status.ok()) return;
  MutexLock lock(mutex_);
  Fail(std::move(status));
  call.is_answered = true;
  call.is_released = true;
  --call.pass->running;
  if (plan_.graph.steps[call.step].reads_result) --call.pass->reading;
  EndIfOver(call);
}

Status EnsembleRun::Submit(StepCall& call) {
  const EnsembleGraph::Callee& callee = plan_.graph.callees[plan_.graph.steps[call.step].callee];
  const ModelHandle& model = models_[plan_.graph.steps[call.step].callee];
  call.is_decoupled = model->is_decoupled();
  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, callee.version);
  RETURN_IF_ERROR(Fill(*request, call));
  request->SetComputeTotals(&totals_);
  request->SetResponseCallback(&StepOutputs::Allocator(), &call.outputs, OnResponse, &call);
  request->SetReleaseCallback(OnRelease, &call);
  {
    MutexLock lock(mutex_);
    call.factory = request->shared_response_factory();
  }
  // Once submitted, the call belongs to the callbacks.
  return InferenceRequest::Submit(request, request_->trace() == nullptr ? nullptr : request_->trace()->SpawnChild());
}

Status EnsembleRun::Fill(InferenceRequest& request, const StepCall& call) const {
  request.SetId(request_->id());
  request.SetFlags(call.sequence.flags);
  request.SetCorrelationId(call.sequence.id);
  request.SetPriority(request_->priority());
  request.SetTimeoutMicroseconds(request_->timeout_us());
  for (const NamedParameter& parameter : request_->parameters()) request.AddParameter(parameter.name, parameter.value);
  const EnsembleGraph::Step& step = plan_.graph.steps[call.step];
  for (size_t i = 0; i < step.inputs.size(); ++i) {
    if (call.inputs[i].is_there()) RETURN_IF_ERROR(AddInput(request, step.inputs[i].name, call.inputs[i]));
  }
  // All of them is what a request without names asks for.
  if (step.outputs.size() == request.model()->outputs().size()) return {};
  for (const EnsembleGraph::Link& output : step.outputs) RETURN_IF_ERROR(request.AddRequestedOutput(output.name));
  return {};
}

// --- the end ---------------------------------------------------------------------------------------------------------

void EnsembleRun::Clean(Work& work) {
  work.passes.clear();
  while (!work.calls.empty()) {
    const size_t step = work.calls.front().step;
    const bool has_entered = work.calls.front().has_entered;
    work.calls.pop_front();
    if (!has_entered) continue;
    if (StepCall* const next = plan_.limiter.Leave(step)) {
      const std::shared_ptr<EnsembleRun> run = next->run;
      run->Resume(*next);
    }
  }
}

// As Triton books an ensemble: its compute times are the sums of its steps', its queue ends where the first one begins.
void EnsembleRun::End() {
  models_.clear();
  StatisticsShard& statistics = plan_.statistics;
  const uint64_t now_ns = SteadyNanoseconds();
  Status failure;
  {
    MutexLock lock(mutex_);
    if (has_failed_) failure = std::move(failure_);
  }
  const auto record = [&] {
    const uint64_t computes = started_ns_ + totals_.input_ns();
    const uint64_t computed = computes + totals_.infer_ns();
    const ExecutionTimes times{.exec_start = started_ns_,
                               .compute_start = computes,
                               .compute_end = computed,
                               .exec_end = computed + totals_.output_ns()};
    statistics.RecordSuccess(*request_, times, now_ns);
    statistics.RecordBatch(request_->batch_size(), times);
  };
  try {
    if (failure.ok()) {
      record();
    } else {
      statistics.RecordFailure(request_->start_ns(), now_ns, ReasonOf(failure), request_->trace_key());
    }
  } catch (...) {
    LogException("the statistics of an ensemble");
  }
  InferenceRequest::Release(std::move(request_), TRITONSERVER_REQUEST_RELEASE_ALL);
}

}  // namespace neso
