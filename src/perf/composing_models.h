// The models that answer for the one that is measured: the steps of an ensemble, theirs where they are ensembles, and
// those that --bls-composing-models names.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "perf/options.h"

namespace neso::perf {

class Transport;

struct ComposingModel {
  std::string name, version;
  bool has_cache = false;
  std::vector<ComposingModel> composing;  // each once, however often it is a step; empty unless it is an ensemble
};

bool IsEnsemble(const JsonValue& config);

// Of the steps of a model's configuration; none if it is no ensemble. A version that is not said is the one that the
// server takes. Errors: the server's own text; kInternal for a configuration that is none.
Expected<std::vector<ComposingModel>> AskSteps(Transport& transport, const JsonValue& config);
// Of what the options name.
Expected<std::vector<ComposingModel>> AskNamed(Transport& transport, const std::vector<ModelName>& names);

}  // namespace neso::perf
