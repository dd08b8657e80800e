#include "client/grpc_method.h"

#include "net/http2/grpc_metadata.h"
#include "net/http2/grpc_text.h"

namespace neso::client {

GrpcMethod::GrpcMethod(const Endpoint& endpoint, std::string_view path, const net::GrpcMetadata& metadata,
                       std::optional<Nanoseconds> timeout, std::string_view encoding) {
  fields_.AddFixed(":method", "POST");
  fields_.AddFixed(":scheme", endpoint.uses_tls ? "https" : "http");
  fields_.AddOwned(":path", endpoint.path + std::string(path));
  fields_.AddOwned(":authority", endpoint.Authority());
  fields_.AddFixed("te", "trailers");
  fields_.AddFixed("content-type", "application/grpc");
  fields_.AddFixed("user-agent", "neso");
  if (timeout) fields_.AddOwned("grpc-timeout", net::GrpcTimeoutText(*timeout));
  if (!encoding.empty()) fields_.AddOwned("grpc-encoding", std::string(encoding));
  net::AddGrpcMetadata(metadata, fields_);
}

}  // namespace neso::client
