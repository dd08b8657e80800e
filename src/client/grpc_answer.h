// Reads the answer of a gRPC call from what HTTP/2 brings of its stream: messages, then how the call ended.
//
//   GrpcAnswerReader answer;
//   answer.Begin();
//   answer.AddField(":status", "200"); ...
//   while (answer.Take(data) == GrpcAnswerReader::State::kMessage) Use(answer.message());
//   answer.AddField("grpc-status", "0"); ...
//   answer.End();
//
// Source: "gRPC over HTTP2", Responses; "HTTP2 Error Codes" and "HTTP to gRPC Status Code Mapping" of the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/grpc_call.h"
#include "net/http2/grpc_frame_reader.h"

namespace neso::client {

// Confined to a thread.
class GrpcAnswerReader {
 public:
  enum class State { kMore, kMessage, kFailed };

  explicit GrpcAnswerReader(size_t max_message_bytes = INT32_MAX) : max_message_bytes_(max_message_bytes) {}

  void Begin();
  // Of the head or the trailers; the name in lower case.
  void AddField(std::string_view name, std::string_view value);
  // Takes what it uses from the front of `data`. kFailed: End says why.
  State Take(std::string_view& data);
  // The one that was taken last. Valid until the next Take.
  std::string_view message() const { return {message_->data(), message_->size()}; }
  // How the call ended when the server has sent all, or has reset the stream with this error of HTTP/2.
  net::GrpcStatus End(uint32_t http2_error = 0);
  // That of the head; 0: none has come.
  int http_status() const { return http_status_; }

 private:
  State Fail(net::GrpcCode code, std::string_view reason);
  net::GrpcStatus StatusOfHead() const;

  const size_t max_message_bytes_;
  std::optional<net::GrpcFrameReader> frames_;
  BufferRef message_;
  int http_status_ = 0;
  bool is_grpc_ = false;  // by its content type
  std::optional<std::string> code_;
  std::string text_;
  net::GrpcMetadata metadata_;
  std::optional<net::GrpcStatus> failure_;
};

// As an error for people: the server's own text, or the code's name if there is none. The names of codes that the C ABI
// does not have stand before it. OK is success.
Status StatusOf(const net::GrpcStatus& status);

}  // namespace neso::client
