// What a person means who names a file, a folder or a Python package: one model, or a repository of them.
//
//   ASSIGN_OR_RETURN(const ModelSource source, FindModel("digits.onnx"));
//   source.name;                                                  // "digits"
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "serve/model_format.h"

namespace neso {

struct ModelSource {
  std::string path;                   // absolute
  std::string name;                   // after the file, the folder or the package; of characters that any URL may have
  std::optional<ModelFormat> format;  // of a file, or of the folder that is a SavedModel
  bool is_repository = false;         // neither: the folder of a model with versions
};

// Errors: kInvalidArg, what `what` is instead, and what to name.
Expected<ModelSource> FindModel(const std::string& what);

// `text` with '_' for what is not a letter, a digit, '.', '_' or '-'.
std::string ModelNameFrom(std::string_view text);

}  // namespace neso
