// From a model folder and its configuration to a Model whose instances run in a backend plug-in, and to its end.
//
//   BackendManager backends({.backend_directory = "/opt/neso/backends"}, {executor, timers, clock});
//   ASSIGN_OR_RETURN(ModelHandle model, backends.LoadModel("/models/digits", 1, config, true, server));
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "backend/backend_options.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/model.h"
#include "schedule/scheduling_context.h"

namespace neso {

// Knows the plug-ins that are loaded. Thread-safe. The destructor waits until every model is gone, then finalises the
// plug-ins; they are never unmapped.
//
// A model's last reference may go anywhere, inside its own plug-in's call too: it is torn down on the executor, unless
// TearDown is asked to do it.
class BackendManager {
 public:
  BackendManager(BackendOptions options, SchedulingContext context);
  ~BackendManager();
  BackendManager(const BackendManager&) = delete;
  BackendManager& operator=(const BackendManager&) = delete;

  // Loads version `version` of the model in `model_directory`. `config` has been completed by the server and passed the
  // folder-stage checks; this finds the library, lets the backend complete it, normalises, validates the rest, makes
  // instances (in parallel where the backend allows), runs warm-up and attaches the scheduler. `server` is what the
  // plug-in gets from TRITONBACKEND_ModelServer (opaque here). On error nothing of it remains. When `stop` is requested
  // the load ends with an error as soon as the plug-in lets it (NESOBACKEND_LoadWatchNew).
  // Errors: of the library search, of validation and warm-up; those of the backend pass through unchanged.
  Expected<ModelHandle> LoadModel(const std::string& model_directory, int64_t version, inference::ModelConfig config,
                                  bool config_file_given, TRITONSERVER_Server* server, std::stop_token stop);

  // If no backend of that name is installed: which are, and which may have been meant. Empty otherwise.
  std::string MissingBackendHint(const std::string& model_directory, int64_t version,
                                 const inference::ModelConfig& config) const;

  // Tears a model down on the calling thread and returns when nothing of it remains.
  // Precondition: `last` is the only reference, and the caller is not inside a plug-in's call.
  void TearDown(ModelHandle last);

  // Instances are added and removed while the model serves (only instance_group differs). Thread-safe per model. `stop`
  // as LoadModel's.
  Status UpdateInstanceGroups(Model& model, const inference::ModelConfig& config, std::stop_token stop);

  // Why the model will answer nothing any more but errors; empty: it may. Does not wait.
  static std::string WhyLost(const Model& model);

  // The rows of the start-up table: name, library path, configuration JSON.
  struct LoadedBackend {
    std::string name, path, config_json;
  };
  std::vector<LoadedBackend> LoadedBackends() const;
  // nv_pinned_memory_pool_total_bytes, nv_pinned_memory_pool_used_bytes.
  uint64_t PinnedMemoryTotalBytes() const;
  uint64_t PinnedMemoryUsedBytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace neso
