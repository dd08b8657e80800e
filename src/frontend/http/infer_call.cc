#include "frontend/http/infer_call.h"

#include <charconv>
#include <climits>

#include "base/text.h"
#include "frontend/http/infer_response.h"
#include "frontend/http/reply.h"

namespace neso {
namespace {

constexpr std::string_view kHeaderLength = "Inference-Header-Content-Length";

// The number at the front of `text`, as C's strtol reads it ("12abc" is 12).
Expected<size_t> ParseHeaderLength(std::string_view text, size_t body_bytes) {
  std::string_view digits = TrimBlanks(text);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    return InvalidArg("Unable to parse {}, value is out of range [ {}, {} ], got: {}", kHeaderLength, INT_MIN, INT_MAX,
                      text);
  }
  if (error != std::errc{}) return InvalidArg("Unable to parse {}, got: {}", kHeaderLength, text);
  if (value < 0 || static_cast<size_t>(value) > body_bytes) {
    return InvalidArg("inference header size should be in range (0, {}), got: {}", body_bytes, value);
  }
  return static_cast<size_t>(value);
}

}  // namespace

void InferCall::Start(std::shared_ptr<Model> model, int64_t requested_version, net::HttpExchangeRef exchange,
                      size_t max_input_bytes) {
  if (model->is_decoupled()) {
    return ReplyError(*exchange, Unsupported("HTTP end point doesn't support models with decoupled transaction policy"),
                      kTextType);
  }
  auto call = std::make_shared<InferCall>(std::move(exchange), max_input_bytes);
  InferBody body;
  if (Status status = call->UnpackBody(body); !status.ok()) return call->RefuseBody(status);
  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model, requested_version);
  Status status = FillInferRequest(*model, body, max_input_bytes, *request, call->requested_, call->json_inputs_);
  if (status.ok()) status = call->Submit(std::move(request));
  if (!status.ok()) ReplyError(*call->exchange_, status, kJsonType);
}

// Undoes the content encoding and finds where the JSON ends.
Status InferCall::UnpackBody(InferBody& body) {
  const net::HttpHead& head = exchange_->head();
  const std::string_view header_length = head.Find(kHeaderLength);
  body_ = exchange_->body();
  ASSIGN_OR_RETURN(const net::ContentEncoding encoding,
                   net::ParseContentEncoding(head.Has("Content-Encoding"), head.Find("Content-Encoding")));
  if (encoding != net::ContentEncoding::kIdentity && body_) {
    ASSIGN_OR_RETURN(body_, net::Decompress(body_->bytes(), max_input_bytes_));
  }
  if (body_) body.bytes = {body_->data(), body_->size()};
  if (header_length.data() != nullptr) {
    ASSIGN_OR_RETURN(body.header_length, ParseHeaderLength(header_length, body.bytes.size()));
  }
  answer_encoding_ = net::ChooseResponseEncoding(head.Find("Accept-Encoding"));
  return {};
}

void InferCall::RefuseBody(const Status& error) {
  net::HttpResponse answer;
  answer.status = HttpStatus(error.code());
  answer.content_type = kTextType;
  answer.body = ErrorBody(error.message());
  // The one thing a body can be refused as unsupported for is its encoding.
  if (error.code() == StatusCode::kUnsupported) answer.headers.emplace_back("Accept-Encoding", "gzip, deflate");
  exchange_->Respond(std::move(answer));
}

Status InferCall::Submit(std::unique_ptr<InferenceRequest> request) {
  request->SetResponseCallback(&Allocator(), this, OnResponse, this);
  request->SetReleaseCallback(OnRelease, this);
  until_response_ = shared_from_this();
  until_release_ = shared_from_this();
  const std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  // A client that goes away cancels. The callback holds only what it cancels; a call that has been answered drops it.
  exchange_->SetDisconnectCallback([factory] { factory->Cancel(); });
  Status status = InferenceRequest::Submit(request);
  if (!status.ok()) {
    until_release_.reset();
    until_response_.reset();
  }
  return status;
}

const ResponseAllocator& InferCall::Allocator() {
  static const ResponseAllocator allocator(Allocate, ReleaseBuffer, nullptr);
  return allocator;
}

TRITONSERVER_Error* InferCall::Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size,
                                        TRITONSERVER_MemoryType, int64_t, void* userp, void** buffer,
                                        void** buffer_userp, TRITONSERVER_MemoryType* actual, int64_t* actual_id) {
  *buffer = nullptr;
  *buffer_userp = nullptr;
  *actual = TRITONSERVER_MEMORY_CPU;
  *actual_id = 0;
  if (byte_size == 0) return nullptr;
  auto* call = static_cast<InferCall*>(userp);
  *buffer = call->output_buffers_.emplace_back(Buffer::Allocate(byte_size))->data();
  return nullptr;
}

// The call keeps the buffers until the answer has been sent.
TRITONSERVER_Error* InferCall::ReleaseBuffer(TRITONSERVER_ResponseAllocator*, void*, void*, size_t,
                                             TRITONSERVER_MemoryType, int64_t) {
  return nullptr;
}

void InferCall::OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp) {
  auto* call = static_cast<InferCall*>(userp);
  if (response != nullptr) {
    ++call->response_count_;
    call->response_.reset(static_cast<InferenceResponse*>(response));
  }
  if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) == 0) return;
  const std::shared_ptr<InferCall> self = std::move(call->until_response_);
  self->Finish();
}

void InferCall::OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp) {
  if ((flags & TRITONSERVER_REQUEST_RELEASE_ALL) == 0) return;
  auto* call = static_cast<InferCall*>(userp);
  const std::shared_ptr<InferCall> self = std::move(call->until_release_);
  delete static_cast<InferenceRequest*>(request);
}

void InferCall::Finish() {
  if (response_count_ != 1) {
    return ReplyError(*exchange_, Internal("expected a single response, got {}", response_count_), kTextType);
  }
  if (!response_->status().ok()) return ReplyError(*exchange_, response_->status(), kTextType);
  SendAnswer();
}

void InferCall::SendAnswer() {
  net::HttpResponse answer;
  if (Status status = EncodeInferResponse(*response_, requested_, answer, texts_); !status.ok()) {
    return ReplyError(*exchange_, status, kTextType);
  }
  if (answer_encoding_ != net::ContentEncoding::kIdentity) Compress(answer);
  answer.release = shared_from_this();
  exchange_->Respond(std::move(answer));
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
