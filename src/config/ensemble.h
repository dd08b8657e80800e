// Rules of ensembles: those that the ensemble's own configuration shows, and those that need its models'
// configurations.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// Whether the configuration is an ensemble's (by its scheduling choice or its platform).
bool IsEnsemble(const inference::ModelConfig& config);

// The models that the steps call, by their ids (config/model_id.h), each once, in the order of the steps.
std::vector<std::string> ComposingModels(const inference::ModelConfig& ensemble);

// What the ensemble's own configuration shows: steps complete, every tensor made once, used and produced.
// Part of ValidateAtPoll. Errors: kInvalidArg.
Status ValidateEnsembleLocally(const inference::ModelConfig& ensemble);

// The configuration of a model of the repository, or null if there is none that could be used.
using ModelConfigLookup = std::function<const inference::ModelConfig*(const std::string& id)>;

// Checks the ensemble against the configurations of its models, at any depth: they exist and do not form a circle;
// names, data types, shapes and batch sizes agree; no step joins streams of different decoupled models.
// `name_space` is the ensemble's own. Errors: kInvalidArg with the first finding.
Status ValidateEnsemble(const inference::ModelConfig& ensemble, const ModelConfigLookup& find,
                        const std::string& name_space = {});

// Whether a step, at any depth, may answer with any number of responses: what the ensemble's own
// model_transaction_policy.decoupled is to be. False for models that `find` does not know.
bool EnsembleIsDecoupled(const inference::ModelConfig& ensemble, const ModelConfigLookup& find);

// How a model that an ensemble calls came out of loading.
struct ComposingState {
  std::set<int64_t> loaded;  // versions
  std::string error;         // why the last load failed; may be empty
};

// Checks that every step finds its version loaded.
// Errors: kInvalidArg "ensemble 'E' depends on 'M' which has no loaded version. Model 'M' loading failed with error:
// ..." or
// "... whose required version V is not loaded."
Status CheckComposingModelsLoaded(const inference::ModelConfig& ensemble,
                                  const std::function<ComposingState(const std::string& id)>& state_of);

}  // namespace neso
