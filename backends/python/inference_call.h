// One request that a model makes of another. The server holds it through its callbacks.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call_request.h"
#include "neso/backend/status.h"
#include "triton/core/tritonserver.h"
#include "worker_memory.h"

namespace neso::python {

struct RequestDeleter {
  void operator()(TRITONSERVER_InferenceRequest* request) const;
};
using RequestPtr = std::unique_ptr<TRITONSERVER_InferenceRequest, RequestDeleter>;

struct TraceDeleter {
  void operator()(TRITONSERVER_InferenceTrace* trace) const;
};
using TracePtr = std::unique_ptr<TRITONSERVER_InferenceTrace, TraceDeleter>;

// Thread-safe.
class InferenceCall final : public std::enable_shared_from_this<InferenceCall> {
 public:
  // Its answers are replies to the call `id` of the worker.
  InferenceCall(std::shared_ptr<WorkerMemory> memory, uint64_t id) : memory_(std::move(memory)), id_(id) {}

  // Whether the model serves, which Start needs to know.
  backend::Status Find(TRITONSERVER_Server* server, const CallRequest& call);
  // After Find. On an error nobody will answer the call.
  backend::Status Start(TRITONSERVER_Server* server, CallRequest call, TracePtr trace);
  // As Find and Start, and waits for a model that the server loads on demand.
  backend::Status BringAndStart(TRITONSERVER_Server* server, CallRequest call, TracePtr trace);
  // Also before Start, which may have to wait for the model.
  void Cancel();

 private:
  // What a callback of the request has: one until the final response, one until the request's release.
  using Holder = std::shared_ptr<InferenceCall>;

  static void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp);
  static void OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp);

  std::string ErrorText(std::string_view text) const;
  // Why a model that does not tell its policy cannot be called.
  backend::Status Refusal(TRITONSERVER_Server* server, int64_t version, const backend::Status& found) const;
  backend::Result<RequestPtr> NewRequest(TRITONSERVER_Server* server, int64_t version) const;
  backend::Status Fill(TRITONSERVER_InferenceRequest* request, const CallRequest& call) const;
  backend::Status Submit(TRITONSERVER_Server* server, RequestPtr request, TracePtr trace);
  void NoteSubmitted(TRITONSERVER_InferenceRequest* request);
  void Reply(TRITONSERVER_InferenceResponse* response, bool final) const;

  std::shared_ptr<WorkerMemory> memory_;  // not changed; the allocator of outputs gets it
  const uint64_t id_;
  std::string model_;
  uint32_t policy_ = 0;
  std::vector<CallInput> inputs_;  // what the request reads
  std::mutex mutex_;
  TRITONSERVER_InferenceRequest* request_ = nullptr;  // from its submission to its release
  bool is_released_ = false;
  bool is_cancelled_ = false;
};

}  // namespace neso::python
