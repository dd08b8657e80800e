// gRPC's metadata as fields of a head or of trailers.
#pragma once

#include "net/grpc_call.h"
#include "net/http2/http2_fields.h"

namespace neso::net {

// The protocol's own names are left out; the values of names that end in "-bin" go as Base64.
void AddGrpcMetadata(const GrpcMetadata& metadata, Http2Fields& fields);

}  // namespace neso::net
