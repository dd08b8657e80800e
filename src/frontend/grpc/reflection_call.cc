#include "frontend/grpc/reflection_call.h"

#include "frontend/grpc/control_message.h"
#include "frontend/grpc/grpc_service.pb.h"
#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/health.pb.h"
#include "frontend/grpc/reflection_v1alpha.pb.h"
#include "frontend/grpc/server_reflection.h"

namespace neso {
namespace {

// Made for each question: building descriptors takes time and memory, which a server nobody asks does not spend.
ServerReflection OfferedServices() {
  return ServerReflection({
      inference::ModelInferRequest::descriptor()->file(),
      grpc::health::v1::HealthCheckRequest::descriptor()->file(),
      grpc::reflection::v1::ServerReflectionRequest::descriptor()->file(),
      grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()->file(),
  });
}

}  // namespace

void ReflectionCall::OnMessage(BufferRef message) {
  ServerReflection::Request request;
  if (std::optional<net::GrpcStatus> refusal = ReadMessage(message, request)) return Finish(*std::move(refusal));
  call_->Send(Serialized(OfferedServices().Answer(request)));
}

// A question is answered as it comes, so nothing is ever under way for long.
void ReflectionCall::EndIfIdle() { Finish({net::GrpcCode::kUnavailable, kShuttingDown}); }

}  // namespace neso
