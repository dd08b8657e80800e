// The models of a repository on this machine, as a server would find them. Nothing is loaded.
//
//   ASSIGN_OR_RETURN(const std::vector<FoundModel> models, ModelsIn("/srv/models"));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace neso::command {

struct FoundModel {
  std::string name, folder;
  std::vector<int64_t> versions = {};  // ascending
  std::string backend = {};            // "ensemble" for those without one; empty: see `problem`
  std::string problem = {};            // why its backend is not known
  uint64_t bytes = 0;                  // of all its files
};

// Sorted by name. Error: kInvalidArg for what is no folder.
Expected<std::vector<FoundModel>> ModelsIn(const std::string& repository);

// The one of that name. Error: kNotFound, and which was probably meant.
Expected<FoundModel> FindIn(const std::string& repository, const std::string& name);

// "1.5 GB"
std::string BytesText(uint64_t bytes);

}  // namespace neso::command
