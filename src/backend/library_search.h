// Where a model's backend library is.
//
// A library `libtriton_<backend>.so` (or the one that the configuration's `runtime` names) is looked for beside the
// model's version, beside the model, in the backend's folder. A backend folder with a model.py and no library is
// written in Python: the Python backend's library runs it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace neso {

struct LibraryQuery {
  std::string model_name;
  std::string model_folder;
  std::string version_folder;
  std::string backend;
  std::string runtime;  // as configured, may be empty
  std::string backend_directory;
  std::string fallback_directory;  // searched last; may be empty
};

struct BackendLibrary {
  std::string path;
  std::string folder;   // what the backend takes for its own folder
  std::string runtime;  // what the configuration's `runtime` becomes; "model.py" for a backend written in Python
  // Equal for models that share a backend object.
  std::string Identity() const { return runtime == "model.py" ? folder + "/model.py" : path; }
};

// Errors: kInvalidArg naming the folders that were searched, or that the name leaves the folder it is looked for in.
Expected<BackendLibrary> FindBackendLibrary(const LibraryQuery& query);

// The library that decides what joins the model's batches: the one that the configuration `named` (its parameter
// TRITON_BATCH_STRATEGY_PATH; "": none), else batchstrategy.so in the version's, the model's or the backend's folder.
// Empty: there is none.
// Errors: kNotFound "Batching library path not found: <path>", kInvalidArg when it leads out of the model repository.
Expected<std::string> FindBatchLibrary(const LibraryQuery& query, const std::string& named);

// The names of the backends that lie in `directories`, sorted.
std::vector<std::string> InstalledBackends(const std::vector<std::string>& directories);

}  // namespace neso
