// One stream of questions about the server's services, each answered as it comes.
#pragma once

#include <atomic>
#include <utility>

#include "frontend/grpc/open_streams.h"
#include "net/grpc_call.h"

namespace neso {

// Serves both versions of the reflection service, whose messages are the same on the wire.
class ReflectionCall final : public net::GrpcReceiver, public OpenStreams::Stream {
 public:
  explicit ReflectionCall(net::GrpcCallRef call) : call_(std::move(call)) {}

  void OnMessage(BufferRef message) override;
  void OnEnd() override { Finish({}); }
  void OnCancel() override {}
  void EndIfIdle() override;

 private:
  void Finish(net::GrpcStatus status) {
    if (!is_over_.exchange(true)) call_->Finish(std::move(status));
  }

  const net::GrpcCallRef call_;
  std::atomic<bool> is_over_{false};
};

}  // namespace neso
