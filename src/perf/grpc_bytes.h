// What a gRPC request says beside what it always says: whose it is, and of which sequence. The fields of a message may
// come in any order, so this part is written before one that is there already.
#pragma once

#include <string>
#include <string_view>

#include "net/compression.h"
#include "perf/request_plan.h"

namespace neso::perf {

struct GrpcRequest {
  std::string head;
  std::string_view body;  // what follows
};

// A ModelInferRequest behind gRPC's five bytes, whose last fields are in `body`. An empty `id` is left out. Compressed,
// all of it is in `head`; as it is when that fails.
GrpcRequest MakeGrpcRequest(std::string_view body, std::string_view id, const Turn& turn,
                            net::ContentEncoding compression);

}  // namespace neso::perf
