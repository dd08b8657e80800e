// The files that a configuration names: each lies inside the model's folder.
//
// What is looked at are names. A link inside the folder may point anywhere: who can place one can as well place what it
// points to, and repositories made of links (snapshots of hubs, mounted configuration) are common.
#pragma once

#include <string_view>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// Whether `relative`, put behind the path of a folder that lies `depth` levels below a model's, names something inside
// the model's folder. A leading '/' adds nothing: the paths are joined. Names with a zero byte do not.
bool StaysInside(std::string_view relative, int depth = 0);

// Checks the names of model files, label files, data files of warm-up samples and of initial states. Libraries of
// operators (model_operations) may lie anywhere, as users of the backends that open them know it.
// Error: kUnsupported "<member> '<name>' must stay inside the directory of model '<M>'".
Status ValidateModelFiles(const inference::ModelConfig& config);

}  // namespace neso
