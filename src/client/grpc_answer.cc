#include "client/grpc_answer.h"

#include <nghttp2/nghttp2.h>

#include <charconv>
#include <utility>

#include "base/percent.h"
#include "net/http2/grpc_text.h"

namespace neso::client {
namespace {

using net::GrpcCode;

GrpcCode CodeOfHttp2(uint32_t error) {
  switch (error) {
    case NGHTTP2_REFUSED_STREAM: return GrpcCode::kUnavailable;
    case NGHTTP2_CANCEL: return GrpcCode::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM: return GrpcCode::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY: return GrpcCode::kPermissionDenied;
    default: return GrpcCode::kInternal;
  }
}

GrpcCode CodeOfHttp(int status) {
  switch (status) {
    case 400: return GrpcCode::kInternal;
    case 401: return GrpcCode::kUnauthenticated;
    case 403: return GrpcCode::kPermissionDenied;
    case 404: return GrpcCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504: return GrpcCode::kUnavailable;
    default: return GrpcCode::kUnknown;
  }
}

// Without one of its own: kUnknown.
StatusCode CodeOf(GrpcCode code) {
  switch (code) {
    case GrpcCode::kInternal: return StatusCode::kInternal;
    case GrpcCode::kNotFound: return StatusCode::kNotFound;
    case GrpcCode::kInvalidArgument: return StatusCode::kInvalidArg;
    case GrpcCode::kUnavailable: return StatusCode::kUnavailable;
    case GrpcCode::kUnimplemented: return StatusCode::kUnsupported;
    case GrpcCode::kAlreadyExists: return StatusCode::kAlreadyExists;
    case GrpcCode::kCancelled: return StatusCode::kCancelled;
    default: return StatusCode::kUnknown;
  }
}

}  // namespace

void GrpcAnswerReader::Begin() {
  frames_.emplace(max_message_bytes_);
  message_ = {};
  http_status_ = 0;
  is_grpc_ = false;
  code_.reset();
  text_.clear();
  metadata_.clear();
  failure_.reset();
}

void GrpcAnswerReader::AddField(std::string_view name, std::string_view value) {
  if (name == ":status") {
    if (std::from_chars(value.data(), value.data() + value.size(), http_status_).ec != std::errc()) http_status_ = -1;
  } else if (name == "content-type") {
    is_grpc_ = net::IsGrpcContentType(value);
  } else if (name == "grpc-status") {
    code_ = value;
  } else if (name == "grpc-message") {
    text_ = DecodePercents(value);
  } else if (!name.starts_with("grpc-") && !name.starts_with(':')) {
    metadata_.emplace_back(name, value);
  }
}

GrpcAnswerReader::State GrpcAnswerReader::Take(std::string_view& data) {
  if (failure_) return State::kFailed;
  if (http_status_ != 200 || !is_grpc_) {  // somebody else's page; its trailers or end say all
    data = {};
    return State::kMore;
  }
  net::GrpcFrameReader::Message message;
  switch (frames_->Next(data, &message)) {
    case net::GrpcFrameReader::Result::kMore: return State::kMore;
    case net::GrpcFrameReader::Result::kMessage: break;
    case net::GrpcFrameReader::Result::kBadFlag:
      return Fail(GrpcCode::kInternal, "the server's answer cannot be read: a message begins with an unknown flag");
    case net::GrpcFrameReader::Result::kTooLarge:
      return Fail(GrpcCode::kResourceExhausted, "the server's answer is longer than is allowed here");
    case net::GrpcFrameReader::Result::kNoMemory:
      return Fail(GrpcCode::kResourceExhausted, "there is no memory for the server's answer");
  }
  if (message.compressed)
    return Fail(GrpcCode::kInternal, "the server's answer is compressed, which was not asked for");
  message_ = std::move(message.bytes);
  return State::kMessage;
}

net::GrpcStatus GrpcAnswerReader::End(uint32_t http2_error) {
  if (failure_) return *failure_;
  if (code_) {
    const std::optional<GrpcCode> code = net::ParseGrpcCode(*code_);
    if (code == GrpcCode::kOk && !frames_->AtBorder())
      return {GrpcCode::kInternal, "the server's answer ended within a message"};
    if (!code && text_.empty()) text_ = "the server's answer has a status of its own: " + *code_;
    return {code.value_or(GrpcCode::kUnknown), std::move(text_), std::move(metadata_)};
  }
  if (http2_error != 0)
    return {CodeOfHttp2(http2_error),
            fmt::format("the server has ended the call: {}", nghttp2_http2_strerror(http2_error))};
  return StatusOfHead();
}

net::GrpcStatus GrpcAnswerReader::StatusOfHead() const {
  if (http_status_ != 200)
    return {CodeOfHttp(http_status_), fmt::format("the server answers with HTTP status {}", http_status_)};
  if (!is_grpc_)
    return {GrpcCode::kUnknown, "the server's answer is no gRPC: is another protocol spoken at this port?"};
  return {GrpcCode::kInternal, "the server's answer ended without a status"};
}

GrpcAnswerReader::State GrpcAnswerReader::Fail(GrpcCode code, std::string_view reason) {
  failure_ = {code, std::string(reason)};
  return State::kFailed;
}

Status StatusOf(const net::GrpcStatus& status) {
  if (status.code == GrpcCode::kOk) return {};
  const std::string_view name = net::GrpcCodeName(status.code);
  if (status.message.empty()) return {CodeOf(status.code), std::string(name)};
  const bool is_named = CodeOf(status.code) == StatusCode::kUnknown && status.code != GrpcCode::kUnknown;
  return {CodeOf(status.code), is_named ? fmt::format("{}: {}", name, status.message) : status.message};
}

}  // namespace neso::client
