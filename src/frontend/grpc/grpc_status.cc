#include "frontend/grpc/grpc_status.h"

namespace neso {
namespace {

net::GrpcCode CodeOf(StatusCode code) {
  switch (code) {
    case StatusCode::kUnknown: return net::GrpcCode::kUnknown;
    case StatusCode::kInternal: return net::GrpcCode::kInternal;
    case StatusCode::kNotFound: return net::GrpcCode::kNotFound;
    case StatusCode::kInvalidArg: return net::GrpcCode::kInvalidArgument;
    case StatusCode::kUnavailable: return net::GrpcCode::kUnavailable;
    case StatusCode::kUnsupported: return net::GrpcCode::kUnimplemented;
    case StatusCode::kAlreadyExists: return net::GrpcCode::kAlreadyExists;
    case StatusCode::kCancelled: return net::GrpcCode::kCancelled;
  }
  return net::GrpcCode::kUnknown;
}

}  // namespace

net::GrpcStatus ToGrpcStatus(const Status& status) {
  if (status.ok()) return {};
  return {CodeOf(status.code()), status.message()};
}

net::GrpcStatus UnreadableRequest() { return {net::GrpcCode::kInternal, "Unable to parse request"}; }

}  // namespace neso
