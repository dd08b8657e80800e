// ModelInfer: one request, one response.
#pragma once

#include <memory>

#include "base/clock.h"
#include "frontend/access/access_control.h"
#include "frontend/grpc/infer_run.h"
#include "net/grpc_call.h"

namespace neso {

class UnaryInfer final : public InferRun, public net::GrpcReceiver {
 public:
  // `context` outlives the call.
  UnaryInfer(const InferContext& context, net::GrpcCallRef call, AccessCallerRef caller)
      : InferRun(context), call_(std::move(call)), caller_(std::move(caller)) {
    if (context.tracer.is_on()) read_.start_ns = SteadyNanoseconds();
  }

  void OnMessage(BufferRef message) override;
  void OnEnd() override;
  void OnCancel() override { Cancel(); }

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
  void OnFailure(const Status& error, bool) override { Refuse(error); }
  // The model has been found.
  Status Start();
  void Refuse(const Status& error);

  const net::GrpcCallRef call_;
  const AccessCallerRef caller_;
  ReadTimes read_;
  BufferRef message_;
  size_t message_count_ = 0;
  std::unique_ptr<InferenceResponse> response_;
  size_t response_count_ = 0;
};

}  // namespace neso
