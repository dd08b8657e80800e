// The body of POST .../infer turned into an InferenceRequest.
//
//   InferBody body{.bytes = exchange->body(), .header_length = 120};
//   RequestTensors tensors(regions);
//   ASSIGN_OR_RETURN(RequestedOutputs outputs, FillInferRequest(*model, body, max_json_bytes, *request, tensors));
//
// Binary tensors are views into the body; what becomes of the others lives in `tensors`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name_index.h"
#include "base/status.h"
#include "core/model.h"
#include "core/request.h"
#include "frontend/request_tensors.h"

namespace neso {

// One entry of "outputs".
struct RequestedOutput {
  std::string name;
  bool binary = false;
  uint64_t classification = 0;  // 0: none
};

// How outputs are to be answered.
class RequestedOutputs {
 public:
  // "binary_data_output", for outputs not listed.
  void SetBinaryByDefault(bool binary) { binary_by_default_ = binary; }
  void Add(RequestedOutput output);
  // Null when the output was not listed.
  const RequestedOutput* Find(std::string_view name) const;
  bool IsBinary(std::string_view name) const;

 private:
  std::vector<RequestedOutput> listed_;  // empty: all of the model's
  NameIndex index_;
  bool binary_by_default_ = false;
};

struct InferBody {
  std::string_view bytes;               // uncompressed
  std::optional<size_t> header_length;  // Inference-Header-Content-Length; unset: all of it is JSON
};

// Fills `request` (fresh, of `model`), and says how it is to be answered. Errors have the contract's texts; JSON errors
// are kInternal.
// Source: KServe v2 inference protocol with the binary tensor data, classification and parameters extensions.
Expected<RequestedOutputs> FillInferRequest(const Model& model, const InferBody& body, size_t max_json_bytes,
                                            InferenceRequest& request, RequestTensors& tensors);

}  // namespace neso
