// A connection to a server, which the clients of one process that ask for the same may share.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "common.h"
#include "grpc_client.h"

namespace triton {
namespace client {

// Thread-safe.
class GrpcConnection {
 public:
  struct Options {
    std::string url;
    bool use_ssl = false;
    SslOptions ssl;
    grpc::ChannelArguments arguments;
  };

  // A connection that another client has, if `may_share` and not too many share it, or else a new one. It ends with its
  // last client. Errors: a file that cannot be read; TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT is no number.
  static Error Open(std::shared_ptr<GrpcConnection>* connection, const Options& options, bool may_share);
  // Connections that others may share.
  static size_t SharedCount();

  explicit GrpcConnection(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(inference::GRPCInferenceService::NewStub(channel)) {}

  inference::GRPCInferenceService::Stub& stub() { return *stub_; }

 private:
  const std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
};

// Error: a name or a value of `headers` that gRPC cannot send. Names are sent in lower case, as HTTP/2 has them.
Error PrepareContext(grpc::ClientContext* context, const Headers& headers, uint64_t timeout_us,
                     grpc_compression_algorithm compression = GRPC_COMPRESS_NONE);

Error ErrorOf(const grpc::Status& status);

}  // namespace client
}  // namespace triton
