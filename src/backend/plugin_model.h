// A model version as its backend plug-in sees it: TRITONBACKEND_Model.
//
// It is there before the server's Model is: the plug-in may complete the configuration that the Model is made of.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"
#include "base/mutex.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/model.h"

namespace neso {

// What ends a load that is stopped; whoever stopped it says why.
inline Status LoadStopped() { return Unavailable("the load was stopped"); }

// Confined to the loading thread until Attach; constant afterwards, but for the plug-in's own state.
class PluginModel final : public TRITONBACKEND_Model {
 public:
  // `folder` is the model's, not the version's. `backend` and `server` are borrowed.
  PluginModel(std::shared_ptr<Backend> backend, std::string folder, int64_t version, inference::ModelConfig config,
              bool auto_complete, TRITONSERVER_Server* server);
  // Runs TRITONBACKEND_ModelFinalize, also after an Initialize that failed (plug-ins count on it).
  ~PluginModel();
  PluginModel(const PluginModel&) = delete;
  PluginModel& operator=(const PluginModel&) = delete;

  // Runs TRITONBACKEND_ModelInitialize.
  Status Initialize();
  // TRITONBACKEND_ModelSetConfig. Errors: kInternal after Attach, or as ParseModelConfigJson and MergeBackendConfig.
  Status SetConfig(const std::string& json);
  // Whether the plug-in completed the configuration at all.
  bool config_was_set() const { return config_was_set_; }
  // The configuration as it is by now; the server goes on to complete it.
  inference::ModelConfig& draft() { return draft_; }
  // From now on `model` holds the configuration and the statistics. It outlives this object.
  void Attach(Model& model);

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  const std::string& folder() const { return folder_; }
  const inference::ModelConfig& config() const { return model_ != nullptr ? model_->config() : draft_; }
  bool auto_complete() const { return auto_complete_; }
  TRITONSERVER_Server* server() const { return server_; }
  Backend& backend() const { return *backend_; }
  // Stops the load, or the update of its instances, that begins. Thread-safe, as the plug-in may ask at any time.
  void set_load_stop(std::stop_token stop) {
    MutexLock lock(mutex_);
    load_stop_ = std::move(stop);
  }
  std::stop_token load_stop() const {
    MutexLock lock(mutex_);
    return load_stop_;
  }
  // Replaces what was reported before.
  void ReportMemoryUsage(std::vector<ModelStatistics::MemoryUsage> usage);

  void* state() const { return state_; }
  void set_state(void* state) { state_ = state; }

 private:
  const std::shared_ptr<Backend> backend_;
  const std::string name_;
  const std::string folder_;
  const int64_t version_;
  const bool auto_complete_;
  TRITONSERVER_Server* const server_;
  inference::ModelConfig draft_;  // until Attach
  std::vector<ModelStatistics::MemoryUsage> early_memory_usage_;
  Model* model_ = nullptr;
  bool initialize_called_ = false;
  bool config_was_set_ = false;
  void* state_ = nullptr;
  mutable Mutex mutex_;
  std::stop_token load_stop_ GUARDED_BY(mutex_);
};

}  // namespace neso
