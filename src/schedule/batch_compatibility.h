// Which requests may share a batch.
#pragma once

#include <string>
#include <vector>

#include "core/model.h"
#include "core/request.h"

namespace neso {

// Thread-safe (constant).
class BatchCompatibility {
 public:
  explicit BatchCompatibility(const Model& model);

  // False: any two requests of the model can.
  bool is_needed() const { return has_optional_inputs_ || has_variable_states_ || !compared_.empty(); }

  // Equal shapes, batch dimension aside, of inputs with variable dimensions that do not allow ragged batches; equal
  // contents of shape tensors; the same set of optional inputs; equal shapes of their sequences' states.
  bool CanShare(const InferenceRequest& a, const InferenceRequest& b) const;

 private:
  struct ComparedInput {
    std::string name;
    bool is_shape_tensor;
  };
  std::vector<ComparedInput> compared_;
  const size_t batch_dims_;
  bool has_optional_inputs_ = false;
  bool has_variable_states_ = false;
};

}  // namespace neso
