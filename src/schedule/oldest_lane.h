// The oldest strategy on one instance: requests of its sequences, one of each, are batched as they come.
#pragma once

#include <memory>

#include "base/check.h"
#include "schedule/dispatcher.h"
#include "schedule/sequence_lane.h"

namespace neso {

// Thread-safe. Batching is that of a model with dynamic batching, whose only instance this is.
class OldestLane final : public SequenceLane {
 public:
  OldestLane(Model& model, const BatchingConfig& config, ModelInstance& instance, const SchedulingContext& context)
      : dispatcher_(std::make_shared<Dispatcher>(model, config, context)) {
    dispatcher_->UpdateInstances({&instance});
  }

  void Accept(size_t, InferenceRequest* request, bool again) override {
    std::unique_ptr<InferenceRequest> owned(request);
    const std::shared_ptr<Dispatcher> dispatcher = dispatcher_;
    const Status status = dispatcher->Enqueue(owned, /*is_new=*/!again);
    CHECK(status.ok(), "a queue without limits that is not stopped takes every request");
  }
  void OnCancel() override { dispatcher_->OnCancel(); }
  void Stop() override { dispatcher_->StopWaiting(); }
  void Retire() override { dispatcher_->UpdateInstances({}); }
  void Close() override { dispatcher_->Close(); }

 private:
  const std::shared_ptr<Dispatcher> dispatcher_;
};

}  // namespace neso
