// Errors of the server as gRPC's.
#pragma once

#include "base/status.h"
#include "net/grpc_call.h"

namespace neso {

// The mapped code, the message as it is; OK for success.
net::GrpcStatus ToGrpcStatus(const Status& status);

// What a message that is not what the method takes is answered with.
net::GrpcStatus UnreadableRequest();

inline constexpr const char* kShuttingDown = "GRPC server is shutting down and has stopped accepting new requests.";

}  // namespace neso
