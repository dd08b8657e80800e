// A scheduler as a handle on what does its work, which may live longer: the last request may take the model down, and
// the scheduler with it, inside an execution.
//
//   std::make_unique<SharedScheduler<Dispatcher>>(std::make_shared<Dispatcher>(...), instances);
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "core/scheduler.h"

namespace neso {

// `Core` is a Dispatcher or a SequenceBatcher.
template <typename Core>
class SharedScheduler final : public Scheduler {
 public:
  SharedScheduler(std::shared_ptr<Core> core, const std::vector<ModelInstance*>& instances) : core_(std::move(core)) {
    core_->UpdateInstances(instances);
  }
  ~SharedScheduler() override { core_->Close(); }
  SharedScheduler(const SharedScheduler&) = delete;
  SharedScheduler& operator=(const SharedScheduler&) = delete;

  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override { return core_->Enqueue(request); }
  void TakeTurn(const std::shared_ptr<ResponseFactory>& factory) override {
    if constexpr (requires { core_->TakeTurn(factory); }) core_->TakeTurn(factory);
  }
  void OnCancel() override { core_->OnCancel(); }
  bool HasOpenSequences() const override {
    if constexpr (requires { core_->HasOpenSequences(); }) return core_->HasOpenSequences();
    return false;
  }
  void Stop() override { core_->Stop(); }
  Status UpdateInstances(const std::vector<ModelInstance*>& instances) override {
    core_->UpdateInstances(instances);
    return {};
  }

 private:
  const std::shared_ptr<Core> core_;
};

}  // namespace neso
