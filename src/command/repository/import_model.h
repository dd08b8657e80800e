// Copies a model into a repository.
#pragma once

#include <string>

#include "base/status.h"
#include "command/repository/import_source.h"

namespace neso::command {

struct ImportOrder {
  std::string repository;  // made if it is not there
  std::string model;       // "": after the file or the folder
  ImportSource source;
  bool replaces = false;  // a model of that name
};

struct Imported {
  std::string model, folder;
  std::string note = {};  // what is left to do before it can be served
};

// The model is there whole, or else what was there before, whatever fails. Errors: kAlreadyExists, kInvalidArg for what
// is no model, kInternal and kUnavailable for disks.
Expected<Imported> ImportModel(const ImportOrder& order);

}  // namespace neso::command
