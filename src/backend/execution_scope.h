// Which requests of the execution that runs on this thread the plug-in still has.
//
// A plug-in that fails or throws half-way may have given some of its requests back already. Those must not be answered
// and released again, so RequestRelease notes here what comes back while the plug-in's Execute is on the stack. And should
// the process crash on this thread, that is what the report names.
#pragma once

#include <utility>
#include <vector>

#include "core/request.h"

namespace neso {

class BackendInstance;

class ExecutionScope {
 public:
  // `unreleased` holds the requests of the batch; released ones turn null.
  ExecutionScope(const BackendInstance& instance, std::vector<InferenceRequest*>& unreleased)
      : instance_(instance), unreleased_(unreleased), outer_(std::exchange(current_, this)) {}
  ~ExecutionScope() { current_ = outer_; }
  ExecutionScope(const ExecutionScope&) = delete;
  ExecutionScope& operator=(const ExecutionScope&) = delete;

  // The plug-in gives `request` back. Costs next to nothing when requests come back in the order they came.
  static void NoteReleased(const InferenceRequest* request) {
    if (current_ != nullptr) current_->Forget(request);
  }

  // What this thread executes, and for which execution of its own it does so; null: nothing. Async-signal-safe.
  static const ExecutionScope* Current() { return current_; }
  const ExecutionScope* outer() const { return outer_; }
  const BackendInstance& instance() const { return instance_; }
  const std::vector<InferenceRequest*>& unreleased() const { return unreleased_; }

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
  const BackendInstance& instance_;
  std::vector<InferenceRequest*>& unreleased_;
  ExecutionScope* const outer_;
  size_t next_ = 0;
};

}  // namespace neso
