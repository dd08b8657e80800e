// Rules of ensembles: those that the ensemble's own configuration shows, and those that need its models' configurations.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// Whether the configuration is an ensemble's (by its scheduling choice or its platform).
bool IsEnsemble(const inference::ModelConfig& config);

// The names of the models that the steps call.
std::set<std::string> ComposingModels(const inference::ModelConfig& ensemble);

// What the ensemble's own configuration shows: steps complete, every tensor made once, used and produced.
// Part of ValidateAtPoll. Errors: kInvalidArg.
Status ValidateEnsembleLocally(const inference::ModelConfig& ensemble);

// The configuration of a model of the repository, or null if there is none that could be used.
using ModelConfigLookup = std::function<const inference::ModelConfig*(const std::string& name)>;

// Checks the whole graph below `ensemble` against the configurations of its models: they exist, names, data types, shapes
// and batch sizes agree, no circle, no merge of two decoupled streams.
// Errors: kInvalidArg with the first finding.
Status ValidateEnsemble(const inference::ModelConfig& ensemble, const ModelConfigLookup& find);

// Whether a step, at any depth, may answer with any number of responses: what the ensemble's own
// model_transaction_policy.decoupled is to be. False for models that `find` does not know.
bool EnsembleIsDecoupled(const inference::ModelConfig& ensemble, const ModelConfigLookup& find);

}  // namespace neso
