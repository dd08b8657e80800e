// A request under way: submitted once, its responses as they come, cancelled if somebody says so.
//
//   class Printed final : public RunningRequest {
//     void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
//   };
//   RETURN_IF_ERROR(SubmitRequest(request, trace));      // in one of its functions
//
// Lives until the request has been released and the final response has come, in any order and from any thread. It keeps
// the request's tensors; a message that they are views into is the derived class's. An output buffer belongs to its
// response, or to the client.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/buffer.h"
#include "base/status.h"
#include "core/response.h"
#include "frontend/request_tensors.h"
#include "observe/request_trace.h"

namespace neso {

class RunningRequest : public std::enable_shared_from_this<RunningRequest> {
 public:
  // `regions` outlives the request.
  explicit RunningRequest(const SharedMemoryManager& regions);
  RunningRequest(const RunningRequest&) = delete;
  RunningRequest& operator=(const RunningRequest&) = delete;
  virtual ~RunningRequest();

  // Cancels the request, now or as soon as it is submitted. Thread-safe.
  void Cancel();

  // As SharedTensors::EndUse: it is about to be answered.
  void EndUse() { tensors_.shared.EndUse(); }

  // The memory of an output, null for one that is empty or in the client's: who copies it may let the response go.
  static const BufferRef* BufferOf(const Output& output) { return static_cast<BufferRef*>(output.buffer_userp()); }

 protected:
  // Those of the request, which fills them before it is submitted.
  RequestTensors& tensors() { return tensors_; }
  const SharedTensors& shared() const { return tensors_.shared; }

  // On error, kUnavailable where the server has as many requests as it takes (request_places.h), the request stays the
  // caller's and nothing more happens; otherwise OnResponse is called until `is_final`.
  // `trace` is null for a request that is not traced.
  Status SubmitRequest(std::unique_ptr<InferenceRequest>& request, std::shared_ptr<RequestTrace> trace);
  // Null nearly always, and before SubmitRequest.
  const std::shared_ptr<RequestTrace>& trace() const { return trace_; }
  // Whether the response is one to send: the backend's error, or that of shared memory that went away meanwhile.
  Status CheckResponse(const InferenceResponse& response) const;

  // Null with `is_final`: the end of a request whose responses have all come before.
  virtual void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) = 0;
  // OnResponse threw: the client is to hear of `error` instead of that response.
  virtual void OnFailure(const Status& error, bool is_final) = 0;
  // Whether the bytes of this output leave as they are: then they may lie in memory of the backend's, and even change
  // there meanwhile. Asked while the model runs.
  virtual bool SendsAsItIs(std::string_view) const { return false; }

 private:
  void LeavePlace();

  static TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator* allocator, const char* name, size_t byte_size,
                                      TRITONSERVER_MemoryType preferred, int64_t preferred_id, void* userp,
                                      void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* actual,
                                      int64_t* actual_id);
  static bool Borrow(const char* name, const LentMemory& memory, void* userp, void** buffer_userp);
  static TRITONSERVER_Error* ReleaseBuffer(TRITONSERVER_ResponseAllocator* allocator, void* buffer, void* buffer_userp,
                                           size_t byte_size, TRITONSERVER_MemoryType type, int64_t id);
  static void OnResponseComplete(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp);
  static void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp);
  static const SharedTensors& SharedOf(void* userp) { return static_cast<RunningRequest*>(userp)->shared(); }
  static const ResponseAllocator& Allocator(bool has_shared_outputs);

  RequestTensors tensors_;
  bool has_place_ = false;  // of whoever submits it, then of whoever answers it
  std::shared_ptr<RequestTrace> trace_;
  std::shared_ptr<RunningRequest> until_response_;
  std::shared_ptr<RunningRequest> until_release_;
  enum class Stage : uint8_t { kNew, kSubmitted, kCancelled };
  std::atomic<Stage> stage_{Stage::kNew};
  // Set before kSubmitted. What has been answered does not hold its model, however long the answer takes to leave.
  std::weak_ptr<ResponseFactory> factory_;
};

}  // namespace neso
