// Where SageMaker has put a model: the repository to register, and the folder in it that is the model.
//
//   ASSIGN_OR_RETURN(ModelLocation model, LocateModel("/opt/ml/models/abc/model", "/opt/ml/models"));
//   // {"/opt/ml/models/abc/model", "resnet"} for .../model/resnet/config.pbtxt
#pragma once

#include <string>

#include "base/status.h"

namespace neso {

struct ModelLocation {
  std::string repository;
  std::string folder;
};

// `url` is <models_root>/<name>/model[/<folder>]. With a config.pbtxt of its own it is the model; otherwise the model
// is the ensemble among its folders, or, without one, its only folder (of several the first by name, with a warning).
// Errors: kInvalidArg for a url of another form, one that leads into /dev, /proc or /sys, and one without a model.
Expected<ModelLocation> LocateModel(const std::string& url, const std::string& models_root);

}  // namespace neso
