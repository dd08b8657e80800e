#include "frontend/grpc/unary_infer.h"

#include "frontend/grpc/grpc_access.h"
#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/infer_response.h"
#include "frontend/request_log.h"

namespace neso {

void UnaryInfer::OnMessage(BufferRef message) {
  ++message_count_;
  message_ = std::move(message);
  if (read_.start_ns != 0) read_.end_ns = SteadyNanoseconds();
}

void UnaryInfer::OnEnd() {
  if (message_count_ != 1 || !Parse(std::move(message_))) return call_->Finish(UnreadableRequest());
  if (caller_ != nullptr) [[unlikely]] {
    const AccessRefusalRef refusal = caller_->CheckModel(model_name());
    if (refusal) return call_->Finish(ToGrpcStatus(*refusal));
  }
  FindModel([this, self = shared_from_this()](const Status& found) {
    const Status status = found.ok() ? Start() : found;
    if (!status.ok()) Refuse(status);
  });
}

Status UnaryInfer::Start() {
  if (is_decoupled()) return Unsupported("ModelInfer RPC doesn't support models with decoupled transaction policy");
  RETURN_IF_ERROR(Fill());
  if (context().header_forwarder != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<NamedParameter> parameters,
                     context().header_forwarder->FromMetadata(call_->head()));
    AddParameters(parameters);
  }
  return Submit(call_->head(), read_);
}

void UnaryInfer::Refuse(const Status& error) {
  LogFailedInference(model_name(), id(), trace().get(), error);
  EndUse();
  if (trace() != nullptr) {
    trace()->NoteFailure(error);
    trace()->Report("GRPC_SEND_START");
  }
  call_->Finish(ToGrpcStatus(error));
  if (trace() != nullptr) trace()->Report("GRPC_SEND_END");
}

void UnaryInfer::OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) {
  if (response) {
    ++response_count_;
    response_ = std::move(response);
  }
  if (!is_final) return;
  BeginAnswer(is_final);
  if (response_count_ != 1) return Refuse(Internal("expected a single response, got {}", response_count_));
  if (const Status status = CheckResponse(*response_); !status.ok()) return Refuse(status);
  Expected<net::GrpcMessage> message = EncodeInferResponse(std::move(response_), options(), shared());
  if (!message) return Refuse(message.error());
  TraceSending(*message);
  call_->SendAndFinish(*std::move(message));
}

}  // namespace neso
