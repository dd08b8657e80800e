// The scheduler of models without scheduling choice (one request an execution) and with dynamic batching.
#pragma once

#include <memory>
#include <vector>

#include "core/scheduler.h"
#include "schedule/dispatcher.h"

namespace neso {

class BatchScheduler final : public Scheduler {
 public:
  // As MakeScheduler.
  BatchScheduler(Model& model, BatchingConfig config, const std::vector<ModelInstance*>& instances,
                 const SchedulingContext& context)
      : dispatcher_(std::make_shared<Dispatcher>(model, std::move(config), context)) {
    dispatcher_->UpdateInstances(instances);
  }
  ~BatchScheduler() override { dispatcher_->Close(); }
  BatchScheduler(const BatchScheduler&) = delete;
  BatchScheduler& operator=(const BatchScheduler&) = delete;

  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override { return dispatcher_->Enqueue(request); }
  void TakeTurn(const std::shared_ptr<ResponseFactory>& factory) override { dispatcher_->TakeTurn(factory); }
  void OnCancel() override { dispatcher_->OnCancel(); }
  void Stop() override { dispatcher_->Stop(); }
  Status UpdateInstances(const std::vector<ModelInstance*>& instances) override {
    dispatcher_->UpdateInstances(instances);
    return {};
  }

 private:
  const std::shared_ptr<Dispatcher> dispatcher_;
};

}  // namespace neso
