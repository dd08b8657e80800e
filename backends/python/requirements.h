// The environment for the requirements.txt beside a model: a venv in the user's cache, made by pip.
#pragma once

#include <string>

#include "interpreter.h"
#include "neso/backend/model.h"
#include "neso/backend/status.h"

namespace neso::python {

// `base` with what the file `requirements` asks for. Made once for each text and interpreter, whoever asks, which may
// take minutes, but ends with the load; progress is logged. `model` is who asks, in its Initialize(). The error has the
// last lines of pip's.
backend::Result<Interpreter> WithRequirements(const Interpreter& base, const std::string& requirements,
                                              const backend::Model& model);

}  // namespace neso::python
