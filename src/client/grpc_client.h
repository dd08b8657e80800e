// gRPC calls that send one message, one at a time, for commands: asks, waits, answers.
//
//   GrpcClient client(endpoint);
//   ASSIGN_OR_RETURN(const std::string answer,
//                    client.Call("/inference.GRPCInferenceService/ServerLive", {}, std::chrono::seconds(5)));
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "client/grpc_connection.h"
#include "client/patience.h"

namespace neso::client {

// Keeps its connection for the next call. Confined to a thread.
class GrpcClient final : private GrpcCall::Listener {
 public:
  explicit GrpcClient(Endpoint endpoint, size_t max_message_bytes = INT32_MAX)
      : endpoint_(std::move(endpoint)), max_message_bytes_(max_message_bytes) {}
  GrpcClient(const GrpcClient&) = delete;
  GrpcClient& operator=(const GrpcClient&) = delete;

  // The answer's message. The server is told of the timeout.
  // Errors: the server's, as StatusOf makes them; kUnavailable when it cannot be reached or says nothing in time;
  // kInternal when it answers with no message, or with several; kUnknown for a message that is longer than is allowed.
  Expected<std::string> Call(std::string_view path, std::string_view message, const Patience& patience,
                             const net::GrpcMetadata& metadata = {});
  // Any number of messages answer, each of which `take` gets when it comes. When it returns false it wants no more: the
  // call is cancelled, which is no error. Errors: as above, but for kInternal.
  Status CallForMany(std::string_view path, std::string_view message, const Patience& patience,
                     const net::GrpcMetadata& metadata, std::function<bool(std::string_view)> take);
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Status EnsureConnection(TimePoint deadline);
  void OnMessage(GrpcCall&, std::string_view message) override { wants_more_ = wants_more_ && take_(message); }
  void OnEnd(GrpcCall& call, const net::GrpcStatus& status) override { status_ = status; }

  const Endpoint endpoint_;
  const size_t max_message_bytes_;
  Loop loop_;
  std::unique_ptr<GrpcConnection> connection_;
  std::function<bool(std::string_view)> take_;  // of the call that is under way
  bool wants_more_ = false;                     // says take_
  net::GrpcStatus status_;
};

}  // namespace neso::client
