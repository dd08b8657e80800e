#include "auto_complete.h"

#include <algorithm>
#include <string>
#include <vector>

#include "neso/backend/completion.h"

namespace neso::onnxruntime {
namespace {

bool CanBatch(const ModelDescription& model) {
  const auto has_batch = [](const TensorDescription& tensor) { return tensor.HasBatchDimension(); };
  return std::ranges::all_of(model.inputs, has_batch) && std::ranges::all_of(model.outputs, has_batch);
}

std::vector<backend::ModelTensor> ForConfig(const std::vector<TensorDescription>& tensors) {
  std::vector<backend::ModelTensor> converted;
  for (const TensorDescription& tensor : tensors) converted.push_back({tensor.name, tensor.datatype, tensor.shape});
  return converted;
}

}  // namespace

Result<bool> AutoComplete(const ModelDescription& model, int64_t default_max_batch_size, rapidjson::Document& config) {
  const bool no_inputs = backend::IsEmptyList(config, "input");
  const bool no_outputs = backend::IsEmptyList(config, "output");
  if (!no_inputs && !no_outputs) return false;

  int64_t max_batch_size = backend::IntOr(config, "max_batch_size", 0);
  if (!CanBatch(model)) {
    if (max_batch_size != 0) {
      return Status::InvalidArg("autofill failed for model '", backend::StringOr(config, "name"),
                                "': model does not support batching while non-zero max_batch_size is specified");
    }
  } else {
    if (max_batch_size == 0) max_batch_size = std::max<int64_t>(default_max_batch_size, 0);
    backend::SetBatching(max_batch_size, config);
  }
  if (no_inputs) backend::SetTensors("input", ForConfig(model.inputs), max_batch_size > 0, config);
  if (no_outputs) backend::SetTensors("output", ForConfig(model.outputs), max_batch_size > 0, config);
  return true;
}

}  // namespace neso::onnxruntime
