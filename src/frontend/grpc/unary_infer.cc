#include "frontend/grpc/unary_infer.h"

#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/infer_response.h"

namespace neso {

void UnaryInfer::OnMessage(BufferRef message) {
  ++message_count_;
  message_ = std::move(message);
}

void UnaryInfer::OnEnd() {
  if (message_count_ != 1 || !Parse(std::move(message_))) return call_->Finish(UnreadableRequest());
  if (const Status status = Start(); !status.ok()) call_->Finish(ToGrpcStatus(status));
}

Status UnaryInfer::Start() {
  RETURN_IF_ERROR(FindModel());
  if (is_decoupled()) return Unsupported("ModelInfer RPC doesn't support models with decoupled transaction policy");
  RETURN_IF_ERROR(Fill());
  if (context_.header_forwarder != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<NamedParameter> parameters,
                     context_.header_forwarder->FromMetadata(call_->head()));
    AddParameters(parameters);
  }
  return Submit();
}

void UnaryInfer::OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) {
  if (response) {
    ++response_count_;
    response_ = std::move(response);
  }
  if (!is_final) return;
  if (response_count_ != 1) {
    return call_->Finish(ToGrpcStatus(Internal("expected a single response, got {}", response_count_)));
  }
  if (const Status status = CheckResponse(*response_); !status.ok()) return call_->Finish(ToGrpcStatus(status));
  Expected<net::GrpcMessage> message = EncodeInferResponse(std::move(response_), options(), shared());
  if (!message) return call_->Finish(ToGrpcStatus(message.error()));
  call_->SendAndFinish(*std::move(message));
}

}  // namespace neso
