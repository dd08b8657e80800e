// ModelInfer: one request, one response.
#pragma once

#include <memory>

#include "frontend/grpc/infer_run.h"
#include "net/grpc_call.h"

namespace neso {

class UnaryInfer final : public InferRun, public net::GrpcReceiver {
 public:
  // `server` and `regions` outlive the call.
  UnaryInfer(const InferenceServer& server, const SharedMemoryManager& regions, net::GrpcCallRef call)
      : InferRun(regions), server_(server), call_(std::move(call)) {}

  void OnMessage(BufferRef message) override;
  void OnEnd() override;
  void OnCancel() override { Cancel(); }

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
  Status Start();

  const InferenceServer& server_;
  const net::GrpcCallRef call_;
  BufferRef message_;
  size_t message_count_ = 0;
  std::unique_ptr<InferenceResponse> response_;
  size_t response_count_ = 0;
};

}  // namespace neso
