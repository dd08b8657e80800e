// A model whose requests are answered by other models: "ensemble_scheduling".
//
//   ASSIGN_OR_RETURN(ModelHandle pipeline, MakeEnsemble(folder, 1, config, {finder, executor, bounds}));
//
// It is a model as any other for those who send requests to it; it has no instances, and its scheduler starts a run for
// each request (ensemble_run.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/model.h"
#include "core/model_finder.h"

namespace neso {

struct EnsembleContext {
  const ModelFinder& finder;  // of its steps' models; outlives the ensemble, as the executor does
  Executor& executor;         // answers cancelled requests
  std::optional<std::vector<double>> histogram_bounds;  // as BackendOptions'
  bool latency_summaries = false;                       // likewise
};

// `config` is complete, and valid together with the configurations of its models, which serve. Outputs without labels
// of their own have those of the steps that make them. Errors: as ValidateAtLoad and ReadLabels.
Expected<ModelHandle> MakeEnsemble(const std::string& folder, int64_t version, inference::ModelConfig config,
                                   const EnsembleContext& context);

}  // namespace neso
