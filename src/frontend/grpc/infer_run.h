// One inference over gRPC: a message, the request made of it, and the responses.
//
//   class Printed final : public InferRun { void OnResponse(std::unique_ptr<InferenceResponse> response, bool)
//   override; }; auto run = std::make_shared<Printed>(); RETURN_IF_ERROR(run->Prepare(server, std::move(message)));
//   RETURN_IF_ERROR(run->Submit());
//
// Lives until the request has been released and the final response has come, in any order and from any thread. The
// message, which inputs point into, is kept by it; output buffers belong to their response.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/mutex.h"
#include "base/status.h"
#include "core/response.h"
#include "engine/inference_server.h"
#include "frontend/grpc/infer_request.h"

namespace neso {

class InferRun : public std::enable_shared_from_this<InferRun> {
 public:
  InferRun() = default;
  InferRun(const InferRun&) = delete;
  InferRun& operator=(const InferRun&) = delete;
  virtual ~InferRun() = default;

  // Reads the message and finds the model. False: it is not a ModelInferRequest.
  bool Parse(BufferRef message);
  // Errors: lookup errors, and what FillFromWire finds. What the request says of itself is readable after Parse.
  Status FindModel(const InferenceServer& server);
  Status Fill();
  // After an error nothing more happens; otherwise OnResponse is called until `is_final`.
  Status Submit();
  // Cancels the request, now or as soon as it is submitted. Thread-safe.
  void Cancel();

  // False before the model has been found.
  bool is_decoupled() const { return is_decoupled_; }
  const std::string& id() const { return id_; }
  const std::string& model_name() const { return model_name_; }
  const std::string& model_version() const { return model_version_; }
  const GrpcInferOptions& options() const { return options_; }

 protected:
  // Null with `is_final`: the end of a request whose responses have all come before.
  virtual void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) = 0;

 private:
  void DropFactory();
  static TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator* allocator, const char* name, size_t byte_size,
                                      TRITONSERVER_MemoryType preferred, int64_t preferred_id, void* userp,
                                      void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* actual,
                                      int64_t* actual_id);
  static TRITONSERVER_Error* ReleaseBuffer(TRITONSERVER_ResponseAllocator* allocator, void* buffer, void* buffer_userp,
                                           size_t byte_size, TRITONSERVER_MemoryType type, int64_t id);
  static void OnResponseComplete(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp);
  static void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp);
  static const ResponseAllocator& Allocator();

  BufferRef message_;
  WireInferRequest wire_;  // views into message_
  std::string id_, model_name_, model_version_;
  bool is_decoupled_ = false;
  std::unique_ptr<InferenceRequest> request_;  // until Submit
  GrpcInferOptions options_;
  std::vector<BufferRef> storage_;
  std::shared_ptr<InferRun> until_response_;
  std::shared_ptr<InferRun> until_release_;
  Mutex mutex_;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<ResponseFactory> factory_ GUARDED_BY(mutex_);  // until the final response
};

}  // namespace neso
