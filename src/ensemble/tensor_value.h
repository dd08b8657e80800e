// A tensor on its way through an ensemble: where it lies, and who keeps it there. Its bytes are not copied: what one
// step has put out is what the next one reads.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "core/model.h"
#include "core/request.h"
#include "core/response.h"

namespace neso {

// What a request says of its sequence. A step may answer with another one (parameters sequence_id, sequence_start and
// sequence_end), which holds for what is made from its outputs.
struct StepSequence {
  CorrelationId id;
  uint32_t flags = 0;
};

// One response of a step. Kept by the tensors in it, and so by every request that reads one of them.
struct StepAnswer {
  std::unique_ptr<InferenceResponse> response;
  std::optional<StepSequence> sequence;  // if it is not that of the step's request
};

// Takes the response, and reads the parameters that override `sequence`.
std::shared_ptr<StepAnswer> MakeAnswer(std::unique_ptr<InferenceResponse> response, const StepSequence& sequence);

// Tells the requester of them.
void AddParameters(const StepSequence& sequence, InferenceResponse& response);

struct TensorValue {
  // One of both; neither: a tensor that will not come.
  const Input* input = nullptr;  // of the ensemble's request, which keeps it
  Output* output = nullptr;      // of `answer`
  std::shared_ptr<StepAnswer> answer;

  bool is_there() const { return input != nullptr || output != nullptr; }
};

// `shape` as a model wants it whose tensor has `dims` dimensions beside that of the batch: where one side of a tensor
// batches and the other does not, a batch of one row comes and goes.
Shape FittedShape(const Shape& shape, size_t dims, bool batches);

// Adds the tensor to a step's request. Errors: as InferenceRequest::AddInput.
Status AddInput(InferenceRequest& request, const std::string& name, const TensorValue& value);

// Adds the tensor to the ensemble's response: the step's buffer, if the requester's allocator made it (step_outputs.h),
// else a copy. Errors: as InferenceResponse::AddOutput, Output::AllocateBuffer and CopyMemory.
Status AddOutput(InferenceResponse& response, const std::string& name, const TensorValue& value);

}  // namespace neso
