#include "inference_calls.h"

#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "call_request.h"
#include "inference_call.h"
#include "worker_reply.h"

namespace neso::python {

using backend::Status;

namespace {

// Null if `parent` is.
backend::Result<TracePtr> ChildOf(TRITONSERVER_InferenceTrace* parent) {
  TRITONSERVER_InferenceTrace* child = nullptr;
  if (parent != nullptr) NESO_RETURN_IF_ERROR(TRITONSERVER_InferenceTraceSpawnChildTrace(parent, &child));
  return TracePtr(child);
}

void ReplyUnlessStarted(const WorkerMemory& memory, uint64_t id, const Status& started) {
  if (!started.ok()) ReplyWithErrorResponse(memory, id, 0, started.code(), started.message());
}

// A model that does not serve may be loaded for the call, which the thread that reads calls must not wait for.
void StartOnThread(TRITONSERVER_Server* server, const std::shared_ptr<WorkerMemory>& memory,
                   const std::shared_ptr<InferenceCall>& call, uint64_t id, CallRequest request, TracePtr trace) {
  try {
    std::thread([server, memory, call, id, request = std::move(request), trace = std::move(trace)]() mutable {
      ReplyUnlessStarted(*memory, id, call->BringAndStart(server, std::move(request), std::move(trace)));
    }).detach();
  } catch (const std::system_error& error) {
    ReplyUnlessStarted(*memory, id, Status::Unavailable("no thread can be started: ", error.what()));
  }
}

}  // namespace

bool InferenceCalls::Start(uint64_t id, std::span<const std::byte> body,
                           const std::function<TRITONSERVER_InferenceTrace*(uint64_t)>& parent) {
  std::optional<CallRequest> request = ReadCall(body, *memory_->segment);
  if (!request) return false;
  const auto call = std::make_shared<InferenceCall>(memory_, id);
  {
    const std::lock_guard lock(mutex_);
    if (calls_.size() >= sweep_at_) {  // so that forgetting costs each call the same
      std::erase_if(calls_, [](const auto& entry) { return entry.second.expired(); });
      sweep_at_ = 2 * calls_.size() + kSweepAt;
    }
    calls_[id] = call;
  }
  // At once: the request that it belongs to may end before a model has been loaded.
  backend::Result<TracePtr> trace = ChildOf(request->record.trace != 0 ? parent(request->record.trace) : nullptr);
  if (!trace) {
    ReplyUnlessStarted(*memory_, id, trace.status());
  } else if (call->Find(server_, *request).ok()) {
    ReplyUnlessStarted(*memory_, id, call->Start(server_, *std::move(request), std::move(*trace)));
  } else {
    StartOnThread(server_, memory_, call, id, *std::move(request), std::move(*trace));
  }
  return true;
}

void InferenceCalls::Cancel(uint64_t id) {
  std::shared_ptr<InferenceCall> call;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = calls_.find(id); found != calls_.end()) call = found->second.lock();
  }
  if (call != nullptr) call->Cancel();
}

void InferenceCalls::CancelAll() {
  std::unordered_map<uint64_t, std::weak_ptr<InferenceCall>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (const auto& [id, weak] : calls) {
    if (const std::shared_ptr<InferenceCall> call = weak.lock()) call->Cancel();
  }
}

}  // namespace neso::python
