// What libneso_serve.so makes of `neso serve digits.onnx`: a model repository of links to that model, and the command line of a
// server that serves it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "neso/scratch_folder.h"

namespace neso {

struct StagedModel {
  std::string path;                       // of the file or folder
  bool is_file = false;                   // one without versions and configuration; a SavedModel counts
  std::string usual_file;                 // of such a file: what it is called in a version folder
  std::vector<std::string> arguments;     // of the server: what the caller has added comes last, and counts
  std::unique_ptr<ScratchFolder> folder;  // null: the path is a repository itself
  bool choose_ports = false;              // those that are free, instead of saying who has the usual ones
  bool to_stdout = false;                 // of `neso init`
  bool force = false;                     // likewise
};

// What the library exports, as "neso_serve_entry". Takes the arguments of the process, "serve" or "init" second.
using ServeEntry = Expected<std::unique_ptr<StagedModel>> (*)(const std::vector<std::string>& arguments);

}  // namespace neso
