#include "ensemble/ensemble_model.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "config/labels.h"
#include "config/model_files.h"
#include "config/model_id.h"
#include "config/validate.h"
#include "core/scheduler.h"
#include "ensemble/ensemble_run.h"

namespace neso {
namespace {

class EnsembleScheduler final : public Scheduler {
 public:
  EnsembleScheduler(const inference::ModelConfig& config, const EnsembleContext& context, StatisticsShard& statistics)
      : plan_(config, context.finder, context.executor, statistics) {}

  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override {
    if (stopping_.load(std::memory_order_acquire)) return RefusedByStop(*request);
    const auto run = std::make_shared<EnsembleRun>(plan_);
    if (request->queue_start_ns() == 0) request->CaptureQueueStart();
    request->MarkExecuting();
    run->Start(std::move(request));
    return {};
  }
  void Stop() override { stopping_.store(true, std::memory_order_release); }

  Status CheckReady() const {
    for (const EnsembleGraph::Callee& callee : plan_.graph.callees) {
      ASSIGN_OR_RETURN(const ModelHandle model, plan_.finder.Find(callee.model, callee.version));
      if (Status ready = model->CheckReady(); !ready.ok()) {
        return Status(ready.code(), fmt::format("model '{}': {}", callee.model, ready.message()));
      }
    }
    return {};
  }

 private:
  EnsemblePlan plan_;
  std::atomic<bool> stopping_{false};
};

class EnsembleModel final : public Model {
 public:
  EnsembleModel(inference::ModelConfig config, int64_t version, std::map<std::string, std::vector<std::string>> labels,
                const EnsembleContext& context)
      : Model(std::move(config), version, std::move(labels)) {
    if (context.histogram_bounds) {
      statistics().EnableHistograms(LatencyBoundsOf(this->config(), *context.histogram_bounds));
    }
    if (context.latency_summaries) statistics().EnableSummaries();
    auto scheduler = std::make_unique<EnsembleScheduler>(this->config(), context, statistics().TakeShard());
    ready_ = scheduler.get();
    SetScheduler(std::move(scheduler));
  }

  // Whether its steps' models can serve.
  Status CheckReady() const override { return ready_->CheckReady(); }

 private:
  const EnsembleScheduler* ready_;
};

// Those of the steps' models for the tensors that the ensemble puts out. Ensembles among them have theirs by now.
std::map<std::string, std::vector<std::string>> InheritedLabels(const inference::ModelConfig& config,
                                                                const ModelFinder& finder) {
  std::map<std::string, std::vector<std::string>> labels;
  for (const auto& step : config.ensemble_scheduling().step()) {
    const Expected<ModelHandle> model = finder.Find(ModelId(step), step.model_version());
    if (!model) continue;
    for (const auto& [output, tensor] : step.output_map()) {
      const TensorSpec* const spec = (*model)->FindOutput(output);
      if (spec != nullptr && !spec->labels.empty()) labels[tensor] = spec->labels;
    }
  }
  return labels;
}

}  // namespace

Expected<ModelHandle> MakeEnsemble(const std::string& folder, int64_t version, inference::ModelConfig config,
                                   const EnsembleContext& context) {
  RETURN_IF_ERROR(ValidateModelFiles(config));
  RETURN_IF_ERROR(ValidateAtLoad(config, {}));
  ASSIGN_OR_RETURN(const Labels own, ReadLabels(config, folder));
  std::map<std::string, std::vector<std::string>> labels(own.by_output().begin(), own.by_output().end());
  labels.merge(InheritedLabels(config, context.finder));
  return ModelHandle(std::make_shared<EnsembleModel>(std::move(config), version, std::move(labels), context));
}

}  // namespace neso
