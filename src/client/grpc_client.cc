#include "client/grpc_client.h"

#include <utility>

#include "net/http2/grpc_prefix.h"

namespace neso::client {
namespace {

TimePoint Now() { return std::chrono::steady_clock::now(); }

}  // namespace

Expected<std::string> GrpcClient::Call(std::string_view path, std::string_view message, const Patience& patience,
                                       const net::GrpcMetadata& metadata) {
  std::string answer;
  size_t answers = 0;
  RETURN_IF_ERROR(CallForMany(path, message, patience, metadata, [&](std::string_view came) {
    answer = came;
    answers++;
    return true;
  }));
  if (answers == 1) return answer;
  return Internal("{}: expected one message as the answer of {}, got {}", endpoint_.Place(), path, answers);
}

Status GrpcClient::CallForMany(std::string_view path, std::string_view message, const Patience& patience,
                               const net::GrpcMetadata& metadata, std::function<bool(std::string_view)> take) {
  if (message.size() > UINT32_MAX)
    return InvalidArg("a gRPC message has less than 4 GiB, got {} bytes", message.size());
  const Waiting waiting(patience);
  RETURN_IF_ERROR(EnsureConnection(waiting.deadline()));
  take_ = std::move(take);
  wants_more_ = true;
  const GrpcMethod method(endpoint_, path, metadata, patience.timeout);
  const net::GrpcPrefix prefix(false, message.size());
  // A copy, of which the last bytes may still be under way when the answer is there.
  auto sent = std::make_shared<std::string>(std::string(prefix.view()).append(message));
  GrpcCall call(*this, max_message_bytes_);
  call.Begin(*connection_, method);
  call.SendAndFinish({.head = *sent, .keep = sent});
  while (call.is_under_way() && wants_more_ && !waiting.IsOver()) loop_.RunOnce(waiting.NextLook());
  if (!wants_more_) return {};
  if (call.is_under_way()) return Unavailable("no answer from {} in time", endpoint_.Place());
  if (status_.code == net::GrpcCode::kOk) return {};
  const Status error = StatusOf(status_);
  return connection_->is_open() ? error : error.WithContext("{}", endpoint_.Place());
}

Status GrpcClient::EnsureConnection(TimePoint deadline) {
  if (connection_ != nullptr) loop_.RunOnce(Now());  // the server may have said goodbye meanwhile
  if (connection_ != nullptr && connection_->is_open()) return {};
  connection_.reset();
  ASSIGN_OR_RETURN(connection_, GrpcConnection::Connect(loop_, endpoint_, deadline));
  return {};
}

}  // namespace neso::client
