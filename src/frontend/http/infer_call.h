// One POST .../infer from its complete body to its answer.
//
// Keeps the body, which the inputs point into, until the request has been released; output buffers go with the answer.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "base/buffer.h"
#include "base/status.h"
#include "core/model.h"
#include "core/response.h"
#include "frontend/http/http_run.h"
#include "frontend/http/infer_request.h"
#include "net/compression.h"

namespace neso {

class InferCall final : public HttpRun {
 public:
  // Answers in time, whatever happens. `settings` outlives the call.
  static void Start(ModelHandle model, int64_t requested_version, net::HttpExchangeRef exchange,
                    const InferSettings& settings);

  InferCall(net::HttpExchangeRef exchange, const InferSettings& settings) : HttpRun(std::move(exchange), settings) {}

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
  void OnFailure(const Status& error, bool is_final) override;
  bool SendsAsItIs(std::string_view output) const override;
  Expected<InferBody> UnpackBody();
  Status Fill(const Model& model, const InferBody& body, InferenceRequest& request);
  Status ForwardHeaders(InferenceRequest& request) const;
  // Every answer goes this way.
  void Respond(net::HttpResponse answer);
  void Refuse(const Status& error, const char* content_type);
  void RefuseBody(const Status& error);
  // As Refuse, of an inference of `model` that has this id (empty: none).
  void Fail(std::string_view model, std::string_view id, const Status& error, const char* content_type);
  void Finish();
  void SendAnswer();
  void Compress(net::HttpResponse& answer) const;

  net::ContentEncoding answer_encoding_ = net::ContentEncoding::kIdentity;
  BufferRef body_;
  RequestedOutputs requested_;
  std::unique_ptr<InferenceResponse> response_;
  size_t response_count_ = 0;
};

}  // namespace neso
