// ModelInfer: one request, one response.
#pragma once

#include <memory>

#include "frontend/grpc/infer_run.h"
#include "net/grpc_call.h"

namespace neso {

class UnaryInfer final : public InferRun, public net::GrpcReceiver {
 public:
  // `context` outlives the call.
  UnaryInfer(const InferContext& context, net::GrpcCallRef call)
      : InferRun(context), context_(context), call_(std::move(call)) {}

  void OnMessage(BufferRef message) override;
  void OnEnd() override;
  void OnCancel() override { Cancel(); }

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
  Status Start();

  const InferContext& context_;
  const net::GrpcCallRef call_;
  BufferRef message_;
  size_t message_count_ = 0;
  std::unique_ptr<InferenceResponse> response_;
  size_t response_count_ = 0;
};

}  // namespace neso
