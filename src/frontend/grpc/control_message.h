// Messages of generated code: what a client sent is read, unless it is made to take much more memory than its bytes.
//
//   inference::ModelReadyRequest request;
//   if (std::optional<net::GrpcStatus> refusal = ReadMessage(buffer, request)) return call.Finish(*std::move(refusal));
#pragma once

#include <google/protobuf/message.h>

#include <optional>

#include "base/buffer.h"
#include "net/grpc_call.h"

namespace neso {

// Two bytes can be a field that takes a hundred once it is read.
inline constexpr size_t kMaxMessageFields = 100'000;

// Null when it was read: not a message of that type (INTERNAL), or one of more fields than kMaxMessageFields, those of
// messages in it included (INVALID_ARGUMENT).
std::optional<net::GrpcStatus> ReadMessage(const BufferRef& bytes, google::protobuf::Message& message);

// As it is sent.
net::GrpcMessage Serialized(const google::protobuf::Message& message);

}  // namespace neso
