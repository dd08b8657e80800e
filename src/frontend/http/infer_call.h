// One POST .../infer from its complete body to its answer.
//
// Lives from Start until the request has been released and the answer has left: the body, which the inputs point into,
// and the output buffers, which are sent as they are, are kept by it. Response and release may come in any order, from
// any thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "core/model.h"
#include "core/response.h"
#include "frontend/header_forwarder.h"
#include "frontend/http/binary_framing.h"
#include "frontend/http/infer_request.h"
#include "frontend/http/reply.h"
#include "net/compression.h"
#include "net/http_exchange.h"
#include "observe/tracer.h"

namespace neso {

// What the infer endpoints of the HTTP-based services have, and in what they differ. The defaults are KServe's.
struct InferSettings {
  Tracer& tracer;                                // outlives the calls
  size_t max_input_bytes = 64u << 20;            // of JSON, of raw bodies and of what is inflated
  SharedMemoryManager* shared_memory = nullptr;  // not null; outlives the calls
  BinaryFraming framing{};
  int (*error_status)(const Status& error) = [](const Status& error) { return HttpStatus(error.code()); };
  int unsupported_encoding_status = 501;
  std::shared_ptr<const HeaderForwarder> header_forwarder{};  // null: no header becomes a parameter
};

class InferCall final : public std::enable_shared_from_this<InferCall> {
 public:
  // Answers in time, whatever happens. `settings` outlives the call.
  static void Start(ModelHandle model, int64_t requested_version, net::HttpExchangeRef exchange,
                    const InferSettings& settings);

  InferCall(net::HttpExchangeRef exchange, const InferSettings& settings)
      : exchange_(std::move(exchange)), settings_(settings), shared_(*settings.shared_memory) {}
  InferCall(const InferCall&) = delete;
  InferCall& operator=(const InferCall&) = delete;

 private:
  Status UnpackBody(InferBody& body);
  Status ForwardHeaders(InferenceRequest& request) const;
  // Every answer goes this way.
  void Respond(net::HttpResponse answer);
  void Refuse(const Status& error, const char* content_type);
  void RefuseBody(const Status& error);
  // As Refuse, of an inference that has this id (empty: none).
  void Fail(std::string_view id, const Status& error, const char* content_type);
  // On error the request stays the caller's.
  Status Submit(std::unique_ptr<InferenceRequest>& request);
  void Finish();
  void SendAnswer();
  void Compress(net::HttpResponse& answer);

  static TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator* allocator, const char* name, size_t byte_size,
                                      TRITONSERVER_MemoryType preferred, int64_t preferred_id, void* userp,
                                      void** buffer, void** buffer_userp, TRITONSERVER_MemoryType* actual,
                                      int64_t* actual_id);
  static TRITONSERVER_Error* ReleaseBuffer(TRITONSERVER_ResponseAllocator* allocator, void* buffer, void* buffer_userp,
                                           size_t byte_size, TRITONSERVER_MemoryType type, int64_t id);
  static void OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp);
  static void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp);
  static const SharedTensors& SharedOf(void* userp) { return static_cast<InferCall*>(userp)->shared_; }
  static const ResponseAllocator& Allocator(bool has_shared_outputs);

  const net::HttpExchangeRef exchange_;
  const InferSettings& settings_;
  std::shared_ptr<RequestTrace> trace_;  // null nearly always
  net::ContentEncoding answer_encoding_ = net::ContentEncoding::kIdentity;
  BufferRef body_;
  std::vector<BufferRef> json_inputs_;
  RequestedOutputs requested_;
  SharedTensors shared_;
  std::vector<BufferRef> output_buffers_;  // written by the backend's thread between Submit and the response
  std::unique_ptr<InferenceResponse> response_;
  size_t response_count_ = 0;
  std::deque<std::string> texts_;
  std::shared_ptr<InferCall> until_response_;
  std::shared_ptr<InferCall> until_release_;
};

}  // namespace neso
