// Which requests of the execution that runs on this thread the plug-in still has.
//
// A plug-in that fails or throws half-way may have given some of its requests back already. Those must not be answered
// and released again, so RequestRelease notes here what comes back while the plug-in's Execute is on the stack.
#pragma once

#include <vector>

#include "core/request.h"

namespace neso {

class ExecutionScope {
 public:
  // `unreleased` holds the requests of the batch; released ones turn null.
  explicit ExecutionScope(std::vector<InferenceRequest*>& unreleased)
      : unreleased_(unreleased), outer_(std::exchange(current_, this)) {}
  ~ExecutionScope() { current_ = outer_; }
  ExecutionScope(const ExecutionScope&) = delete;
  ExecutionScope& operator=(const ExecutionScope&) = delete;

  // The plug-in gives `request` back. Costs next to nothing when requests come back in the order they came.
  static void NoteReleased(const InferenceRequest* request) {
    if (current_ != nullptr) current_->Forget(request);
  }

 private:
  void Forget(const InferenceRequest* request) {
    for (size_t tried = 0; tried < unreleased_.size(); ++tried) {
      InferenceRequest*& candidate = unreleased_[next_];
      next_ = next_ + 1 == unreleased_.size() ? 0 : next_ + 1;
      if (candidate != request) continue;
      candidate = nullptr;
      return;
    }
  }

  static inline thread_local ExecutionScope* current_ = nullptr;
  std::vector<InferenceRequest*>& unreleased_;
  ExecutionScope* const outer_;
  size_t next_ = 0;
};

}  // namespace neso
