// A parsed ModelInferRequest turned into an InferenceRequest.
//
//   RequestTensors tensors(regions);
//   ASSIGN_OR_RETURN(GrpcInferOptions options, FillFromWire(wire, *request, tensors));
//
// Raw tensors stay views into the message; what becomes of the others lives in `tensors`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "core/request.h"
#include "frontend/grpc/infer_codec.h"
#include "frontend/request_tensors.h"

namespace neso {

// What the request says about its answer.
struct GrpcInferOptions {
  std::map<std::string, uint64_t, std::less<>> classifications;  // output name, how many classes
  bool empty_final_response = false;                             // triton_enable_empty_final_response
};

// "" is -1 (the latest), "1abc" is 1. Errors: kInvalidArg with the contract's texts.
Expected<int64_t> ParseModelVersion(std::string_view version);

// Fills `request` (fresh), and says how it is to be answered. Errors have the contract's texts.
Expected<GrpcInferOptions> FillFromWire(const WireInferRequest& wire, InferenceRequest& request,
                                        RequestTensors& tensors);

}  // namespace neso
