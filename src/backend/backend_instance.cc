#include "backend/backend_instance.h"

#include "backend/execution_scope.h"
#include "backend/plugin_call.h"
#include "base/log.h"
#include "core/model.h"
#include "core/response.h"
#include "core/trace.h"

namespace neso {
namespace {

// One piece of memory for a tensor whose data came in several: a trace wants it whole.
std::string Gather(const Input& input) {
  std::string data;
  data.reserve(input.byte_size());
  for (const InputBuffer& buffer : input.buffers()) {
    data.append(static_cast<const char*>(buffer.base), buffer.attributes.byte_size);
  }
  return data;
}

bool InHostMemory(const Input& input) {
  for (const InputBuffer& buffer : input.buffers()) {
    if (buffer.attributes.memory_type == MemoryType::kGpu) return false;
  }
  return true;
}

void TraceInputs(const InferenceRequest& request) {
  InferenceTrace* trace = request.trace();
  if (trace == nullptr || (trace->level() & TRITONSERVER_TRACE_LEVEL_TENSORS) == 0) return;
  for (const Input& input : request.inputs()) {
    const auto report = [&](const void* base, const BufferAttributes& memory) {
      trace->ReportTensor(TRITONSERVER_TRACE_TENSOR_BACKEND_INPUT, input.name().c_str(), input.datatype(), base,
                          input.byte_size(), input.shape(), memory);
    };
    if (input.buffers().size() == 1) {
      report(input.buffers()[0].base, input.buffers()[0].attributes);
    } else if (InHostMemory(input)) {
      report(Gather(input).data(), BufferAttributes());
    }
  }
}

}  // namespace

BackendInstance::BackendInstance(PluginModel& model, InstanceSpec spec, HostPolicy policy, ModelStatistics& statistics,
                                 std::shared_ptr<InstanceThread> thread)
    : model_(model),
      spec_(std::move(spec)),
      policy_(std::move(policy)),
      host_policy_message_(policy_.json()),
      model_statistics_(statistics),
      statistics_(statistics.NewShard()),
      thread_(std::move(thread)) {}

BackendInstance::~BackendInstance() {
  if (!initialize_called_) return;
  RunOnThread([this] {
    const Status status =
        CallPlugin("TRITONBACKEND_ModelInstanceFinalize", model_.backend().functions().model_instance_finalize, this);
    if (!status.ok()) LOG_ERROR("failed finalizing model instance '{}': {}", name(), status.ToString());
  });
  model_statistics_.SetMemoryUsage(this, {});
}

void BackendInstance::RunOnThread(const std::function<void()>& work) {
  if (thread_ == nullptr) return work();
  thread_->Run(work);
}

Status BackendInstance::Initialize() {
  initialize_called_ = true;
  Status status;
  RunOnThread([&] {
    if (policy_.binds()) policy_.BindThread();
    status =
        CallPlugin("TRITONBACKEND_ModelInstanceInitialize", model_.backend().functions().model_instance_initialize, this);
  });
  return status;
}

Status BackendInstance::CheckReady() {
  return CallPlugin("TRITONBACKEND_ModelInstanceReady", model_.backend().functions().model_instance_ready, this);
}

void BackendInstance::ExecuteOnThread(std::span<InferenceRequest* const> requests) {
  RunOnThread([&] { Execute(requests); });
}

void BackendInstance::Execute(std::span<InferenceRequest* const> requests) {
  unreleased_.assign(requests.begin(), requests.end());
  handles_.assign(requests.begin(), requests.end());
  for (InferenceRequest* request : requests) TraceInputs(*request);

  Status status;
  {
    ExecutionScope scope(unreleased_);
    status = CallPlugin("TRITONBACKEND_ModelInstanceExecute", model_.backend().functions().model_instance_execute, this,
                        handles_.data(), static_cast<uint32_t>(handles_.size()));
  }
  if (status.ok()) return;
  // On an error the requests are ours again, except those that the plug-in released before it failed.
  for (InferenceRequest* request : unreleased_) {
    if (request == nullptr) continue;
    std::unique_ptr<InferenceRequest> owned(request);
    if (request->response_factory().IsFinalSent()) {
      InferenceRequest::Release(std::move(owned), TRITONSERVER_REQUEST_RELEASE_ALL);
    } else {
      InferenceRequest::RespondAndRelease(std::move(owned), status, InferenceRequest::FailureReason::kBackend);
    }
  }
}

void BackendInstance::ReportMemoryUsage(std::vector<ModelStatistics::MemoryUsage> usage) {
  model_statistics_.SetMemoryUsage(this, std::move(usage));
}

}  // namespace neso
