// Whether a configuration fits what a model has, with the texts that all backends share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/config.h"
#include "neso/backend/status.h"
#include "neso/backend/text.h"

namespace neso::backend {

// `role`: "input" or "output"; `allowed`: names, with ", " between them.
inline Status UnexpectedTensor(std::string_view role, std::string_view name, std::string_view allowed) {
  return Status::InvalidArg("unexpected inference ", role, " '", name, "', allowed ", role, "s are: ", allowed);
}

inline Status UnexpectedInputCount(const std::string& model, size_t expected, size_t provided) {
  return Status::InvalidArg("unable to load model '", model, "', configuration expects ", expected,
                            " inputs, model provides ", provided);
}

namespace internal {

inline bool ShapesFit(std::span<const int64_t> model, std::span<const int64_t> config, bool exactly) {
  if (model.size() != config.size()) return false;
  for (size_t i = 0; i < model.size(); ++i) {
    if ((exactly || model[i] != -1) && model[i] != config[i]) return false;
  }
  return true;
}

inline Status CheckScalar(std::string_view tensor, std::span<const int64_t> dims, const ModelConfig& config) {
  if (std::ranges::all_of(dims, [](int64_t dim) { return dim == 1; })) return {};
  return Status::InvalidArg("model '", config.name, "', tensor '", tensor,
                            "': the model has a scalar tensor there, for which the model configuration must specify "
                            "dims of 1 only, such as [1], but it specifies ",
                            ShapeText(dims));
}

}  // namespace internal

// `model_shape` has -1 where the model leaves it open; `dims` are the configuration's, without the batch dimension. `exactly`:
// what the model leaves open, the configuration must, too.
inline Status CheckShape(std::string_view tensor, std::span<const int64_t> model_shape, std::vector<int64_t> dims,
                         const ModelConfig& config, bool exactly = false) {
  if (config.batches()) {
    if (model_shape.empty() || model_shape[0] != -1) {
      return Status::InvalidArg(
          "model '", config.name, "', tensor '", tensor,
          "': for the model to support batching the shape should have at least 1 dimension and the first dimension "
          "must be -1; but shape expected by the model is ",
          ShapeText(model_shape));
    }
    dims.insert(dims.begin(), -1);
  }
  if (internal::ShapesFit(model_shape, dims, exactly)) return {};
  const char* const batch_dimension =
      config.batches() ? " (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor "
                         "shape, making complete shape "
                       : " (shape ";
  return Status::InvalidArg("model '", config.name, "', tensor '", tensor, "': the model expects ", model_shape.size(),
                            " dimensions (shape ", ShapeText(model_shape), ") but the model configuration specifies ",
                            dims.size(), " dimensions", batch_dimension, ShapeText(dims), ")");
}

// As CheckShape, for backends that serve scalars of models without batches: the model has no dimensions there, and the
// configuration, which has no tensors without any, ones only.
inline Status CheckShapeOrScalar(std::string_view tensor, std::span<const int64_t> model_shape,
                                 const std::vector<int64_t>& dims, const ModelConfig& config) {
  if (!config.batches() && model_shape.empty()) return internal::CheckScalar(tensor, dims, config);
  return CheckShape(tensor, model_shape, dims, config);
}

}  // namespace neso::backend
