// `neso init MODEL`: the configuration of a model, written from its file, with a word on what may be changed.
#pragma once

#include "base/staged_model.h"
#include "server/options.h"

namespace neso {

// Loads the model, writes its config.pbtxt and says where; 0, or 1 with what is wrong on stderr. One that is there stays unless
// it is forced.
int InitModel(const StagedModel& staged, const Options& options);

}  // namespace neso
