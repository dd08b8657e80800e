#include "frontend/http/infer_call.h"

#include "base/exception_status.h"
#include "base/memory_budget.h"
#include "core/api_error.h"
#include "frontend/http/infer_response.h"
#include "frontend/http/sample_trace.h"
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
  InferBody body;
  if (Status status = call->UnpackBody(body); !status.ok()) return call->RefuseBody(status);
  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, requested_version);
  Status status = FillInferRequest(*model, body, settings.max_input_bytes, *request, call->requested_,
                                   call->json_inputs_, call->shared_);
  if (status.ok() && settings.header_forwarder) status = call->ForwardHeaders(*request);
  if (status.ok()) status = call->Submit(request);
  if (!status.ok()) call->Fail(request->id(), status, kJsonType);
}

// Undoes the content encoding and finds where the JSON ends.
Status InferCall::UnpackBody(InferBody& body) {
  const net::HttpHead& head = exchange_->head();
  body_ = exchange_->body();
  ASSIGN_OR_RETURN(const net::ContentEncoding encoding,
                   net::ParseContentEncoding(head.Has("Content-Encoding"), head.Find("Content-Encoding")));
  if (encoding != net::ContentEncoding::kIdentity && body_) {
    ASSIGN_OR_RETURN(body_, net::Decompress(body_->bytes(), settings_.max_input_bytes));
  }
  if (body_) body.bytes = {body_->data(), body_->size()};
  ASSIGN_OR_RETURN(body.header_length, settings_.framing.JsonLength(head, body.bytes.size()));
  answer_encoding_ = net::ChooseResponseEncoding(head.Find("Accept-Encoding"));
  return {};
}

Status InferCall::ForwardHeaders(InferenceRequest& request) const {
  ASSIGN_OR_RETURN(const std::vector<NamedParameter> parameters,
                   settings_.header_forwarder->FromHeaders(exchange_->head()));
  for (const NamedParameter& parameter : parameters) request.AddParameter(parameter.name, parameter.value);
  return {};
}

void InferCall::Respond(net::HttpResponse answer) {
  shared_.EndUse();
  if (trace_ != nullptr) {
    trace_->Report("HTTP_SEND_START");
    answer.release = RequestTrace::ReportWhenGone(trace_, "HTTP_SEND_END", std::move(answer.release));
  }
  exchange_->Respond(std::move(answer));
}

void InferCall::Refuse(const Status& error, const char* content_type) {
  Respond(ErrorResponse(settings_.error_status(error), error.message(), content_type));
}

void InferCall::Fail(std::string_view id, const Status& error, const char* content_type) {
  LogFailedInference(id, error);
  Refuse(error, content_type);
}

void InferCall::RefuseBody(const Status& error) {
  // The one thing a body can be refused as unsupported for is its encoding.
  if (error.code() != StatusCode::kUnsupported) return Refuse(error, kTextType);
  net::HttpResponse answer = ErrorResponse(settings_.unsupported_encoding_status, error.message(), kTextType);
  answer.headers.emplace_back("Accept-Encoding", "gzip, deflate");
  Respond(std::move(answer));
}

Status InferCall::Submit(std::unique_ptr<InferenceRequest>& request) {
  request->SetResponseCallback(&Allocator(shared_.has_outputs()), this, OnResponse, this);
  request->SetReleaseCallback(OnRelease, this);
  until_response_ = shared_from_this();
  until_release_ = shared_from_this();
  // A client that goes away cancels. What has been answered is not kept for it, and the model not by an answer that
  // waits for a slow client.
  exchange_->SetDisconnectCallback([weak = std::weak_ptr(request->shared_response_factory())] {
    if (const std::shared_ptr<ResponseFactory> factory = weak.lock()) factory->Cancel();
  });
  trace_ = SampleTrace(settings_.tracer, *request, *exchange_);
  Status status = InferenceRequest::Submit(request, trace_ == nullptr ? nullptr : trace_->NewCoreTrace());
  if (!status.ok()) {
    until_release_.reset();
    until_response_.reset();
  }
  return status;
}

const ResponseAllocator& InferCall::Allocator(bool has_shared_outputs) {
  static const ResponseAllocator allocator = MakeResponseAllocator<SharedOf>(Allocate, ReleaseBuffer, false);
  static const ResponseAllocator shared_allocator = MakeResponseAllocator<SharedOf>(Allocate, ReleaseBuffer, true);
  return has_shared_outputs ? shared_allocator : allocator;
}

TRITONSERVER_Error* InferCall::Allocate(TRITONSERVER_ResponseAllocator*, const char* name, size_t byte_size,
                                        TRITONSERVER_MemoryType, int64_t, void* userp, void** buffer,
                                        void** buffer_userp, TRITONSERVER_MemoryType* actual, int64_t* actual_id) {
  *buffer = nullptr;
  *buffer_userp = nullptr;
  *actual = TRITONSERVER_MEMORY_CPU;
  *actual_id = 0;
  auto* call = static_cast<InferCall*>(userp);
  if (call->shared_.has_outputs()) {
    if (const RegionSlice* slice = call->shared_.FindOutput(name); slice != nullptr) {
      return MakeApiError(PlaceOutput(*slice, name, byte_size, {buffer, actual, actual_id}));
    }
  }
  if (byte_size == 0) return nullptr;
  BufferRef memory = Buffer::TryAllocate(byte_size);
  if (!memory) return MakeApiError(NoOutputMemory(name, byte_size));
  *buffer = call->output_buffers_.emplace_back(std::move(memory))->data();
  return nullptr;
}

// The call keeps the buffers until the answer has been sent.
TRITONSERVER_Error* InferCall::ReleaseBuffer(TRITONSERVER_ResponseAllocator*, void*, void*, size_t,
                                             TRITONSERVER_MemoryType, int64_t) {
  return nullptr;
}

void InferCall::OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp) {
  auto* call = static_cast<InferCall*>(userp);
  if (call->trace_ != nullptr) call->trace_->Report("INFER_RESPONSE_COMPLETE");
  if (response != nullptr) {
    ++call->response_count_;
    call->response_.reset(static_cast<InferenceResponse*>(response));
  }
  if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) == 0) return;
  const std::shared_ptr<InferCall> self = std::move(call->until_response_);
  try {
    self->Finish();
  } catch (...) {
    self->Refuse(StatusOfException(), kTextType);
  }
}

void InferCall::OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp) {
  if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
  auto* call = static_cast<InferCall*>(userp);
  const std::shared_ptr<InferCall> self = std::move(call->until_release_);
  delete static_cast<InferenceRequest*>(request);
}

void InferCall::Finish() {
  if (response_count_ != 1) {
    return Refuse(Internal("expected a single response, got {}", response_count_), kTextType);
  }
  if (!response_->status().ok()) return Fail(response_->id(), response_->status(), kTextType);
  if (const Status status = shared_.CheckIntact(); !status.ok()) return Fail(response_->id(), status, kTextType);
  SendAnswer();
}

void InferCall::SendAnswer() {
  net::HttpResponse answer;
  if (Status status = EncodeInferResponse(*response_, requested_, shared_, settings_.framing, answer, texts_);
      !status.ok()) {
    return Refuse(status, kTextType);
  }
  if (answer_encoding_ != net::ContentEncoding::kIdentity) Compress(answer);
  response_.reset();  // the buffers are the call's own
  if (!answer.parts.empty()) answer.release = shared_from_this();
  Respond(std::move(answer));
}

// An answer that cannot be compressed is sent plain.
void InferCall::Compress(net::HttpResponse& answer) {
  std::vector<std::string_view> pieces{answer.body};
  for (const net::BodyPart& part : answer.parts) pieces.emplace_back(part.data, part.size);
  Expected<std::string> compressed = net::Compress(answer_encoding_, pieces);
  if (!compressed) return;
  answer.body = *std::move(compressed);
  answer.parts.clear();
  answer.headers.emplace_back("Content-Encoding", net::ContentEncodingName(answer_encoding_));
}

}  // namespace neso
