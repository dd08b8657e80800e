#include "backend/warmup.h"

#include <cstdlib>
#include <utility>

#include "backend/backend_instance.h"
#include "backend/state_specs.h"
#include "base/buffer.h"
#include "base/log.h"
#include "base/mutex.h"
#include "core/api_error.h"
#include "core/model.h"
#include "core/request.h"
#include "core/response.h"
#include "core/response_allocator.h"

namespace neso {
namespace {

using Requests = std::vector<std::unique_ptr<InferenceRequest>>;
// One for each request, which borrows it.
using States = std::vector<std::unique_ptr<SequenceStates>>;

// The scheduler of the stand-in: what Submit validated is put where the submitting thread wants it.
class Catcher final : public Scheduler {
 public:
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override {
    caught_->push_back(std::move(request));
    return {};
  }
  void Stop() override {}

  // Within the scope, requests that this thread submits are put into `requests`.
  class Scope {
   public:
    explicit Scope(Requests& requests) { caught_ = &requests; }
    ~Scope() { caught_ = nullptr; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };

 private:
  static inline thread_local Requests* caught_ = nullptr;
};

// The other end of the requests that are executed together.
class PendingAnswers {
 public:
  explicit PendingAnswers(size_t requests) : unanswered_(requests), unreleased_(requests) {}

  void Await() {
    MutexLock lock(mutex_);
    while (unanswered_ > 0 || unreleased_ > 0) changed_.Wait(mutex_);
  }
  // The messages of failed responses, each followed by "; ".
  std::string Errors() {
    MutexLock lock(mutex_);
    return errors_;
  }

  static void OnResponse(TRITONSERVER_InferenceResponse* raw, const uint32_t flags, void* userp) {
    const std::unique_ptr<InferenceResponse> response(static_cast<InferenceResponse*>(raw));
    PendingAnswers& run = *static_cast<PendingAnswers*>(userp);
    MutexLock lock(run.mutex_);
    if (response != nullptr && !response->status().ok()) run.errors_ += response->status().message() + "; ";
    if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0 && run.unanswered_ > 0) --run.unanswered_;
    run.changed_.NotifyAll();
  }

  static void OnRelease(TRITONSERVER_InferenceRequest* raw, const uint32_t, void* userp) {
    delete static_cast<InferenceRequest*>(raw);
    PendingAnswers& run = *static_cast<PendingAnswers*>(userp);
    MutexLock lock(run.mutex_);
    --run.unreleased_;
    run.changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  size_t unanswered_ GUARDED_BY(mutex_);
  size_t unreleased_ GUARDED_BY(mutex_);
  std::string errors_ GUARDED_BY(mutex_);
};

TRITONSERVER_Error* AllocateOutput(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size,
                                   TRITONSERVER_MemoryType, int64_t, void*, void** buffer, void** buffer_userp,
                                   TRITONSERVER_MemoryType* memory_type, int64_t* memory_type_id) {
  const size_t rounded = (byte_size + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
  *buffer = byte_size == 0 ? nullptr : std::aligned_alloc(kTensorAlignment, rounded);
  *buffer_userp = nullptr;
  *memory_type = TRITONSERVER_MEMORY_CPU;
  *memory_type_id = 0;
  if (*buffer == nullptr && byte_size > 0)
    return MakeApiError(Unavailable("failed to allocate output buffer for warmup."));
  return nullptr;
}

TRITONSERVER_Error* ReleaseOutput(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t, TRITONSERVER_MemoryType,
                                  int64_t) {
  std::free(buffer);
  return nullptr;
}

const ResponseAllocator& Allocator() {
  static const ResponseAllocator allocator(AllocateOutput, ReleaseOutput, nullptr);
  return allocator;
}

Status AddTensor(InferenceRequest& request, const WarmUpTensor& tensor) {
  BufferAttributes attributes;
  attributes.byte_size = tensor.data.size();
  RETURN_IF_ERROR(request.AddInput(tensor.name, tensor.datatype, tensor.shape));
  return request.AppendInputData(tensor.name, tensor.data.data(), attributes);
}

Status AddTensors(InferenceRequest& request, const WarmUpSample& sample, bool model_inputs) {
  for (const WarmUpTensor& tensor : sample.tensors) {
    if (tensor.is_model_input == model_inputs) RETURN_IF_ERROR(AddTensor(request, tensor));
  }
  return {};
}

// Validated requests that nobody will execute, unless they are handed to an instance.
Expected<Requests> MakeRequests(const ModelHandle& model, const WarmUpSample& sample, PendingAnswers& run) {
  Requests requests;
  Catcher::Scope scope(requests);
  for (uint32_t i = 0; i < sample.batch_size; ++i) {
    std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, -1);
    request->SetReleaseCallback(PendingAnswers::OnRelease, &run);
    request->SetResponseCallback(&Allocator(), nullptr, PendingAnswers::OnResponse, &run);
    RETURN_IF_ERROR(AddTensors(*request, sample, true));
    RETURN_IF_ERROR(InferenceRequest::Submit(request));
    RETURN_IF_ERROR(AddTensors(*requests.back(), sample, false));
  }
  return requests;
}

States BeginSequences(const Requests& requests, const std::vector<StateSpec>& specs) {
  States states;
  if (specs.empty()) return states;
  for (const std::unique_ptr<InferenceRequest>& request : requests) {
    states.push_back(std::make_unique<SequenceStates>(specs));
    states.back()->InjectInto(*request);
    request->sequence_states = states.back().get();
  }
  return states;
}

}  // namespace

Expected<WarmUp> WarmUp::Prepare(const inference::ModelConfig& config, int64_t version,
                                 const std::string& model_folder) {
  WarmUp warm_up;
  ASSIGN_OR_RETURN(warm_up.samples_, MakeWarmUpSamples(config, model_folder));
  if (warm_up.samples_.empty()) return warm_up;
  ASSIGN_OR_RETURN(warm_up.state_specs_, ReadStateSpecs(config, model_folder));
  warm_up.stand_in_ = std::make_shared<Model>(config, version, std::map<std::string, std::vector<std::string>>());
  warm_up.stand_in_->SetScheduler(std::make_unique<Catcher>());
  return warm_up;
}

Status WarmUp::Run(BackendInstance& instance, const std::stop_token& stop) const {
  for (const WarmUpSample& sample : samples_) {
    for (uint32_t iteration = 1; iteration <= sample.count; ++iteration) {
      if (stop.stop_requested()) return LoadStopped();
      LOG_VERBOSE(1, "model '{}' instance {} is running warmup sample '{}' for iteration {}", stand_in_->name(),
                  instance.name(), sample.name, iteration);
      RETURN_IF_ERROR(RunSample(sample, instance));
    }
  }
  return {};
}

Status WarmUp::RunSample(const WarmUpSample& sample, BackendInstance& instance) const {
  PendingAnswers run(sample.batch_size);
  ASSIGN_OR_RETURN(Requests requests, MakeRequests(stand_in_, sample, run));
  const States states = BeginSequences(requests, state_specs_);
  std::vector<InferenceRequest*> batch;
  batch.reserve(requests.size());
  for (std::unique_ptr<InferenceRequest>& request : requests) batch.push_back(request.release());
  instance.ExecuteOnThread(batch);
  run.Await();
  const std::string errors = run.Errors();
  if (!errors.empty()) return InvalidArg("failed to run warmup sample '{}': {}", sample.name, errors);
  return {};
}

}  // namespace neso
