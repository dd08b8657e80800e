// Fills in what a configuration leaves out, as far as the server can know it. Pure functions.
//
//   RETURN_IF_ERROR(CompleteModelConfig({"digits", entries}, config));  // name, backend, files
//   NormalizeModelConfig(config);                                       // defaults
//   ... validate, load the backend ...
//   NormalizeInstanceGroups(gpus, backend_preferred_groups, config);
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

struct FolderEntry {
  std::string name;
  bool is_folder = false;
};

// What completion may look at.
struct ModelFolder {
  std::string name;                        // the model's folder
  std::vector<FolderEntry> first_version;  // what FirstVersionFolder() holds; empty without versions
};

// Sets an empty name to the folder's, and finds backend, platform and default_model_filename from each other, from the
// files of the first version or from the model's name. Always done, also with auto-complete disabled.
// Errors: kInvalidArg "Invalid model name: Could not determine backend for model 'M' ...".
Status CompleteModelConfig(const ModelFolder& folder, inference::ModelConfig& config);

// Applies the defaults that need no knowledge of backend or machine: version policy, preferred batch sizes, idle time
// of sequences, pinned memory.
void NormalizeModelConfig(inference::ModelConfig& config);

// Makes every instance group explicit: at least one group, names, KIND_AUTO resolved, counts, GPUs. Leaves ensembles
// alone. `gpus`: ids of the usable GPUs, ascending. `preferred`: the backend's own wishes, in its order; if all of them
// are for the CPU, KIND_AUTO is, too.
void NormalizeInstanceGroups(std::span<const int> gpus, std::span<const inference::ModelInstanceGroup> preferred,
                             inference::ModelConfig& config);

// Takes over from `proposal` what a backend may change of a model's configuration (TRITONBACKEND_ModelSetConfig):
// max_batch_size, input, output, model_transaction_policy and a scheduling choice where there was none.
// Other members of `proposal` are ignored. `config` is normalized again on success and untouched on error.
// Errors: kInternal when an existing scheduling choice would change.
Status MergeBackendConfig(const inference::ModelConfig& proposal, inference::ModelConfig& config);

// "model.onnx" for "mine.onnx": under which name a file of that kind is found by itself; empty for kinds not known.
std::string_view UsualModelFileName(std::string_view file);

// The file name "libtriton_<backend>.so", the backend library of an empty `runtime`.
std::string BackendLibraryName(const std::string& backend);

}  // namespace neso
