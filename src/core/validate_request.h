// Checks a request against its model's configuration and brings it into the form backends see.
//
// The texts and the order of the checks are what clients know; an input is looked at after those added later, as they
// know it too.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "core/model.h"
#include "core/request.h"

namespace neso {

// Used once a submission. Errors: kInvalidArg.
class RequestValidator {
 public:
  explicit RequestValidator(InferenceRequest& request) : request_(request), model_(*request.model()) {}
  Status Run();

 private:
  Status DeduceRawInput();
  Status CheckOutputs() const;
  Status CheckInputCount() const;
  Status FindBatchSize();
  Status CheckInput(Input& input);
  Status CheckShape(const Input& input, const TensorSpec& spec) const;
  Status CheckByteSize(const Input& input, int64_t element_count) const;
  Status CheckStrings(const Input& input, int64_t element_count) const;
  void ChoosePriority();
  // InvalidArg with the request's id before the message.
  template <typename... Args>
  Status Refuse(fmt::format_string<Args...> format, Args&&... args) const {
    return Status(StatusCode::kInvalidArg, request_.LogPrefix() + fmt::format(format, std::forward<Args>(args)...));
  }
  // Whether `input` has a batch dimension.
  bool IsBatched(const TensorSpec& spec) const { return model_.max_batch_size() > 0 && !spec.is_shape_tensor; }

  InferenceRequest& request_;
  const Model& model_;
  int64_t batch_size_ = 0;
};

}  // namespace neso
