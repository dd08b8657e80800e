// An inference over gRPC, its tensors as bytes.
//
//   ASSIGN_OR_RETURN(const InferAnswer answer, InferOverGrpc(server, question));
#pragma once

#include <functional>

#include "base/status.h"
#include "command/asked_over_grpc.h"
#include "command/infer/infer_call.h"

namespace neso::command {

// Errors, here and below: the server's own text, and what to type instead.
Expected<InferAnswer> InferOverGrpc(AskedOverGrpc& server, const InferQuestion& question);

// Of a decoupled model: `take` gets each answer when it comes. Errors: the first of them, and of `take`.
Status InferForMany(AskedOverGrpc& server, const InferQuestion& question,
                    const std::function<Status(const InferAnswer&)>& take);

}  // namespace neso::command
