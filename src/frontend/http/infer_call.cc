#include "frontend/http/infer_call.h"

#include "base/memory_budget.h"
#include "frontend/http/infer_response.h"
#include "frontend/request_log.h"

namespace neso {

void InferCall::Start(ModelHandle model, int64_t requested_version, net::HttpExchangeRef exchange,
                      const InferSettings& settings) {
  auto call = std::make_shared<InferCall>(std::move(exchange), settings);
  if (model->is_decoupled()) {
    return call->Refuse(Unsupported("HTTP end point doesn't support models with decoupled transaction policy"),
                        kTextType);
  }
  if (const Status status = MemoryBudget::OfProcess().Admit(); !status.ok()) return call->Refuse(status, kJsonType);
  const Expected<InferBody> body = call->UnpackBody();
  if (!body) return call->RefuseBody(body.error());
  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, requested_version);
  Status status = call->Fill(*model, *body, *request);
  if (status.ok()) status = call->Submit(request);
  if (!status.ok()) call->Fail(model->name(), request->id(), status, kJsonType);
}

// Undoes the content encoding and finds where the JSON ends.
Expected<InferBody> InferCall::UnpackBody() {
  const net::HttpHead& head = exchange().head();
  body_ = exchange().body();
  ASSIGN_OR_RETURN(const net::ContentEncoding encoding,
                   net::ParseContentEncoding(head.Has("Content-Encoding"), head.Find("Content-Encoding")));
  if (encoding != net::ContentEncoding::kIdentity && body_) {
    ASSIGN_OR_RETURN(body_, net::Decompress(body_->bytes(), settings().max_input_bytes));
  }
  InferBody body;
  if (body_) body.bytes = {body_->data(), body_->size()};
  ASSIGN_OR_RETURN(body.header_length, settings().framing.JsonLength(head, body.bytes.size()));
  answer_encoding_ = net::ChooseResponseEncoding(head.Find("Accept-Encoding"));
  return body;
}

Status InferCall::Fill(const Model& model, const InferBody& body, InferenceRequest& request) {
  ASSIGN_OR_RETURN(requested_, FillInferRequest(model, body, settings().max_input_bytes, request, tensors()));
  return settings().header_forwarder ? ForwardHeaders(request) : Status();
}

Status InferCall::ForwardHeaders(InferenceRequest& request) const {
  ASSIGN_OR_RETURN(const std::vector<NamedParameter> parameters,
                   settings().header_forwarder->FromHeaders(exchange().head()));
  for (const NamedParameter& parameter : parameters) request.AddParameter(parameter.name, parameter.value);
  return {};
}

void InferCall::Respond(net::HttpResponse answer) {
  EndUse();
  if (trace() != nullptr) {
    trace()->Report("HTTP_SEND_START");
    answer.release = RequestTrace::ReportWhenGone(trace(), "HTTP_SEND_END", std::move(answer.release));
  }
  exchange().Respond(std::move(answer));
}

void InferCall::Refuse(const Status& error, const char* content_type) {
  if (trace() != nullptr) trace()->NoteFailure(error);
  Respond(ErrorResponse(settings().error_status(error), error.message(), content_type));
}

void InferCall::Fail(std::string_view model, std::string_view id, const Status& error, const char* content_type) {
  LogFailedInference(model, id, trace().get(), error);
  Refuse(error, content_type);
}

void InferCall::RefuseBody(const Status& error) {
  // The one thing a body can be refused as unsupported for is its encoding.
  if (error.code() != StatusCode::kUnsupported) return Refuse(error, kTextType);
  net::HttpResponse answer = ErrorResponse(settings().unsupported_encoding_status, error.message(), kTextType);
  answer.headers.emplace_back("Accept-Encoding", "gzip, deflate");
  Respond(std::move(answer));
}

void InferCall::OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) {
  if (response) {
    ++response_count_;
    response_ = std::move(response);
  }
  if (is_final) Finish();
}

void InferCall::OnFailure(const Status& error, bool) { Refuse(error, kTextType); }

bool InferCall::SendsAsItIs(std::string_view output) const {
  if (answer_encoding_ != net::ContentEncoding::kIdentity || !requested_.IsBinary(output)) return false;
  const RequestedOutput* const requested = requested_.Find(output);
  return requested == nullptr || requested->classification == 0;
}

void InferCall::Finish() {
  if (response_count_ != 1) {
    return Refuse(Internal("expected a single response, got {}", response_count_), kTextType);
  }
  if (const Status status = CheckResponse(*response_); !status.ok()) {
    return Fail(response_->model_name(), response_->id(), status, kTextType);
  }
  SendAnswer();
}

void InferCall::SendAnswer() {
  Expected<net::HttpResponse> answer = EncodeInferResponse(*response_, requested_, shared(), settings().framing);
  if (!answer) return Refuse(answer.error(), kTextType);
  if (answer_encoding_ != net::ContentEncoding::kIdentity) Compress(*answer);
  response_.reset();  // and its model with it: a client may read slowly
  Respond(*std::move(answer));
}

// An answer that cannot be compressed is sent plain.
void InferCall::Compress(net::HttpResponse& answer) const {
  std::vector<std::string_view> pieces{answer.body};
  for (const net::BodyPart& part : answer.parts) pieces.emplace_back(part.data, part.size);
  Expected<std::string> compressed = net::Compress(answer_encoding_, pieces);
  if (!compressed) return;
  answer.body = *std::move(compressed);
  answer.parts.clear();
  answer.release.reset();
  answer.headers.emplace_back("Content-Encoding", net::ContentEncodingName(answer_encoding_));
}

}  // namespace neso
