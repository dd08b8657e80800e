// The scheduler of models with sequence batching.
#pragma once

#include <memory>
#include <vector>

#include "core/scheduler.h"
#include "schedule/sequence_batcher.h"

namespace neso {

class SequenceScheduler final : public Scheduler {
 public:
  // As MakeScheduler.
  SequenceScheduler(Model& model, const SequenceConfig& config, std::vector<StateSpec> states,
                    const std::vector<ModelInstance*>& instances, const SchedulingContext& context)
      : batcher_(std::make_shared<SequenceBatcher>(model, config, std::move(states), context)) {
    batcher_->UpdateInstances(instances);
  }
  ~SequenceScheduler() override { batcher_->Close(); }
  SequenceScheduler(const SequenceScheduler&) = delete;
  SequenceScheduler& operator=(const SequenceScheduler&) = delete;

  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override { return batcher_->Enqueue(request); }
  void OnCancel() override { batcher_->OnCancel(); }
  void Stop() override { batcher_->Stop(); }
  Status UpdateInstances(const std::vector<ModelInstance*>& instances) override {
    batcher_->UpdateInstances(instances);
    return {};
  }

 private:
  const std::shared_ptr<SequenceBatcher> batcher_;
};

}  // namespace neso
