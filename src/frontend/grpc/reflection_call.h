// One stream of questions about the server's services, each answered as it comes.
#pragma once

#include "net/grpc_call.h"

namespace neso {

// Serves both versions of the reflection service, whose messages are the same on the wire.
class ReflectionCall final : public net::GrpcReceiver {
 public:
  explicit ReflectionCall(net::GrpcCallRef call) : call_(std::move(call)) {}

  void OnMessage(BufferRef message) override;
  void OnEnd() override { call_->Finish({}); }
  void OnCancel() override {}

 private:
  const net::GrpcCallRef call_;
};

}  // namespace neso
