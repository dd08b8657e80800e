// Where the calls of one method go, and what they bring along; made once, for many calls.
//
//   const GrpcMethod live(endpoint, "/inference.GRPCInferenceService/ServerLive");
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "client/endpoint.h"
#include "net/grpc_call.h"
#include "net/http2/http2_fields.h"

namespace neso::client {

// Thread-compatible.
class GrpcMethod {
 public:
  // `timeout`: what the server is told. `encoding`: how messages are compressed that are; empty: none is. What would end
  // a line of the metadata becomes a blank.
  GrpcMethod(const Endpoint& endpoint, std::string_view path, const net::GrpcMetadata& metadata = {},
             std::optional<Nanoseconds> timeout = std::nullopt, std::string_view encoding = {});

  const net::Http2Fields& fields() const { return fields_; }

 private:
  net::Http2Fields fields_;
};

}  // namespace neso::client
