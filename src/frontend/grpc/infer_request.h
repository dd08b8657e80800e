// A parsed ModelInferRequest turned into an InferenceRequest.
//
//   GrpcInferOptions options;
//   std::vector<BufferRef> storage;
//   SharedTensors shared(regions);
//   RETURN_IF_ERROR(FillFromWire(wire, *request, options, storage, shared));
//
// Raw tensors stay views into the message, those in shared memory where they are; typed contents are converted into
// `storage`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "core/request.h"
#include "frontend/grpc/infer_codec.h"
#include "frontend/shared_memory/shared_tensors.h"

namespace neso {

// What the request says about its answer.
struct GrpcInferOptions {
  std::map<std::string, uint64_t, std::less<>> classifications;  // output name, how many classes
  bool empty_final_response = false;                             // triton_enable_empty_final_response
};

// "" is -1 (the latest), "1abc" is 1. Errors: kInvalidArg with the contract's texts.
Expected<int64_t> ParseModelVersion(std::string_view version);

// Fills `request` (fresh). Errors have the contract's texts.
Status FillFromWire(const WireInferRequest& wire, InferenceRequest& request, GrpcInferOptions& options,
                    std::vector<BufferRef>& storage, SharedTensors& shared);

}  // namespace neso
