// Where a model's Python lies, and which Python is to run it.
#pragma once

#include <string>

#include "interpreter.h"
#include "neso/backend/model.h"
#include "settings.h"

namespace neso::python {

struct ModelFiles {
  std::string model_file;   // what is imported
  std::string module;       // under that name: "1.model"
  std::string import_root;  // the folder in which that name is found
  std::string version_folder;
  std::string model_folder;
  bool is_lone = false;  // there is no configuration but what it says itself
};

backend::Result<ModelFiles> FindModelFiles(const backend::Model& model);
// Whether the model's class may complete the configuration, as far as that and the class's text tell: asking costs a
// process.
bool MayCompleteConfig(const backend::Model& model, const ModelFiles& files);
// By the model's parameters, a stub of Triton's in its folder, or what the backend's folder and the command line say;
// with what a requirements.txt beside the model asks for, unless an environment of its own has all that the model
// needs.
backend::Result<Interpreter> FindInterpreterOf(const backend::Model& model, const ModelFiles& files,
                                               const Settings& settings);

}  // namespace neso::python
