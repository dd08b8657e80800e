// Where a model to import comes from, as people write it.
//
//   "digits.onnx"   "local:/srv/export/digits"   "hf:facebook/opt-125m"   "opt125m"
#pragma once

#include <string>

#include "base/status.h"

namespace neso::command {

struct ImportSource {
  std::string path = {};          // a file or a folder of this machine
  std::string hugging_face = {};  // or else the name of a model there
};

// `model`: what it is to be called, for which a few names of language models stand by themselves; `source`: where from, or "".
// Errors: kInvalidArg with what there is instead; kUnsupported for sources that only a GPU vendor's tools can read.
Expected<ImportSource> ReadImportSource(const std::string& model, const std::string& source);

}  // namespace neso::command
