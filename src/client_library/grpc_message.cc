#include "client_library/grpc_message.h"

#include <fmt/format.h>

#include "client/grpc_answer.h"
#include "client/grpc_words.h"
#include "client/infer_response.h"
#include "neso/protobuf_wire.h"

namespace neso::client_library {
namespace {

using net::GrpcCode;
using wire::MessageWriter;

ErrorKind KindOf(GrpcCode code) {
  switch (code) {
    case GrpcCode::kCancelled: return ErrorKind::kCancelled;
    case GrpcCode::kInvalidArgument: return ErrorKind::kInvalidArgument;
    case GrpcCode::kDeadlineExceeded: return ErrorKind::kDeadlineExceeded;
    case GrpcCode::kNotFound: return ErrorKind::kNotFound;
    case GrpcCode::kAlreadyExists: return ErrorKind::kAlreadyExists;
    case GrpcCode::kUnimplemented: return ErrorKind::kUnsupported;
    case GrpcCode::kInternal: return ErrorKind::kInternal;
    case GrpcCode::kUnavailable: return ErrorKind::kUnavailable;
    default: return ErrorKind::kUnknown;
  }
}

}  // namespace

Result<std::string> WriteInferMessage(const InferRequest& request) {
  MessageWriter message;
  message.Add(1, std::string_view(request.model));
  client::AddText(message, 2, request.version);
  client::AddText(message, 3, request.id);
  for (const auto& [name, value] : request.parameters)
    client::AddParameter(message, 4, name, std::visit(client::MakeParameter(), value));
  for (const auto& [name, tensor] : request.inputs)
    message.Add(5, client::InputMessage(name, tensor.datatype(), tensor.shape()));
  for (const std::string& name : request.outputs) message.Add(6, MessageWriter().Add(1, std::string_view(name)));
  for (const auto& [name, tensor] : request.inputs) message.Add(7, std::string_view(tensor.bytes()));
  if (message.bytes().size() > INT32_MAX) {
    return ClientError{ErrorKind::kInvalidArgument,
                       fmt::format("a request over gRPC has less than 2 GiB, got {} bytes", message.bytes().size())};
  }
  return std::move(message).Take();
}

Result<InferAnswer> ReadInferAnswer(const std::string& message) {
  const Expected<client::InferResponse> read = client::ReadInferResponse(message);
  if (!read) return ClientError{ErrorKind::kInternal, read.error().message()};
  InferAnswer answer{std::string(read->model), std::string(read->version), std::string(read->id), {}};
  for (const client::OutputTensor& output : read->outputs) {
    answer.outputs.emplace(output.name,
                           Tensor::Raw(std::string(output.datatype), output.shape, std::string(output.bytes)));
  }
  return answer;
}

ClientError ErrorOf(const GrpcAnswer& answer) {
  return {KindOf(answer.status.code), client::StatusOf(answer.status).message()};
}

}  // namespace neso::client_library
