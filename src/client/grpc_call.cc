#include "client/grpc_call.h"

#include "base/check.h"
#include "client/grpc_connection.h"

namespace neso::client {

void GrpcCall::Begin(GrpcConnection& connection, const GrpcMethod& method) {
  CHECK(!is_under_way() && connection.is_open(), "a call is begun when it is over, on a connection that takes it");
  outgoing_ = {};
  is_sent_ = false;
  answer_.Begin();
  connection.Add(*this, method);
}

void GrpcCall::Send(const GrpcBytes& message) {
  if (!is_under_way()) return;
  Push(message);
  Resume();
}

void GrpcCall::Finish() {
  if (!is_under_way()) return;
  outgoing_.PushEnd();
  Resume();
}

void GrpcCall::SendAndFinish(const GrpcBytes& message) {
  if (!is_under_way()) return;
  Push(message);
  outgoing_.PushEnd();
  Resume();
}

void GrpcCall::Cancel() {
  if (is_under_way()) connection_->Abandon(*this);
}

void GrpcCall::Push(const GrpcBytes& message) {
  for (const std::string_view part : {message.head, message.body})
    outgoing_.Push(net::Http2Piece::Borrow(part.data(), part.size(), message.keep));
}

void GrpcCall::Resume() {
  if (outgoing_.TakeResume()) connection_->Resume(*this);
  connection_->Flush();
}

}  // namespace neso::client
