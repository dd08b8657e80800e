#include "frontend/grpc/infer_run.h"

#include <thread>

#include "frontend/trace_headers.h"

namespace neso {

bool InferRun::Parse(BufferRef message) {
  message_ = std::move(message);
  if (message_ && !ParseInferRequest({message_->data(), message_->size()}, wire_)) return false;
  id_ = wire_.id;
  model_name_ = wire_.model_name;
  model_version_ = wire_.model_version;
  return true;
}

void InferRun::TakeModel(ModelHandle model, int64_t version) {
  is_decoupled_ = model->is_decoupled();
  request_ = InferenceRequest::Create(std::move(model), version);
}

Status InferRun::Fill() {
  Expected<GrpcInferOptions> options = FillFromWire(wire_, *request_, tensors());
  wire_ = {};
  RETURN_IF_ERROR(options.status());
  options_ = *std::move(options);
  return {};
}

void InferRun::AddParameters(std::span<const NamedParameter> parameters) {
  for (const NamedParameter& parameter : parameters) request_->AddParameter(parameter.name, parameter.value);
}

Status InferRun::Submit(const net::HttpHead& head, ReadTimes read) {
  // A request that was read before tracing began is not traced.
  std::shared_ptr<RequestTrace> trace =
      read.end_ns == 0 ? nullptr
                       : context_.tracer.Sample(request_->model()->name(), [&head] { return TraceContextOf(head); });
  if (trace != nullptr) {
    trace->Report("GRPC_WAITREAD_START", read.start_ns);
    trace->Report("GRPC_WAITREAD_END", read.end_ns);
  }
  return SubmitRequest(request_, std::move(trace));
}

void InferRun::TraceSending(net::GrpcMessage& message) const {
  if (trace() == nullptr) return;
  trace()->Report("GRPC_SEND_START");
  message.release = RequestTrace::ReportWhenGone(trace(), "GRPC_SEND_END", std::move(message.release));
}

void InferRun::BeginAnswer(bool is_final) {
  if (context_.response_delay.count() > 0) std::this_thread::sleep_for(context_.response_delay);
  if (is_final) EndUse();
}

}  // namespace neso
