// What a gRPC request says beside what it always says: whose it is, and of which sequence. The fields of a message may
// come in any order, so this part is written before one that is there already.
#pragma once

#include <string>
#include <string_view>

#include "perf/request_plan.h"

namespace neso::perf {

// gRPC's five bytes before a ModelInferRequest, and its first fields; `body` has to follow. An empty `id` is left out.
std::string GrpcHead(std::string_view body, std::string_view id, const Turn& turn);

}  // namespace neso::perf
