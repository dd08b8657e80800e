// The models of a multi-model endpoint: SageMaker copies each to the disk, names it with a hash, and asks for it to be
// loaded, used and unloaded under that name.
//
//   HostedModels models(server, {});
//   RETURN_IF_ERROR(models.Load({.hash = "ab12", .url = "/opt/ml/models/ab12/model", .target = "resnet.tar.gz"}));
//   std::optional<std::string> name = models.ModelName("ab12");
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "engine/inference_server.h"

namespace neso {

struct HostedModelsOptions {
  std::string models_root = "/opt/ml/models";
  std::chrono::milliseconds unload_limit = std::chrono::seconds(350);
};

// Thread-safe. Every model has its folder registered as a repository for as long as it is loaded. `server` outlives it.
class HostedModels {
 public:
  struct LoadRequest {
    std::string hash;    // SageMaker's name for it
    std::string url;     // where it is on disk
    std::string target;  // X-Amzn-SageMaker-Target-Model, or empty
  };
  struct Entry {
    std::string hash;
    std::string repository;
    bool is_ready = false;
  };

  HostedModels(InferenceServer& server, HostedModelsOptions options) : server_(server), options_(std::move(options)) {}

  // Returns when loading has finished. The model serves as `target`, or as `hash` when that is no name for a model.
  // Errors: kAlreadyExists when that hash, target or folder is there; those of LocateModel and of loading.
  Status Load(const LoadRequest& request);

  // Returns when the last request of the model has ended and its memory is free.
  // Errors: kNotFound for an unknown hash; kUnavailable when the limit has passed (it may be tried again), when
  // another caller unloads it, or when the server ends.
  Status Unload(const std::string& hash);

  // The name that the model serves as; unset for an unknown hash.
  std::optional<std::string> ModelName(const std::string& hash) const;
  // The folder that was registered for it as a repository; unset for an unknown hash.
  std::optional<std::string> Repository(const std::string& hash) const;
  std::vector<Entry> All() const;  // by hash

 private:
  enum class Phase { kLoading, kLoaded, kUnloading };
  struct Model {
    std::string name;
    std::string repository;
    Phase phase = Phase::kLoading;
  };

  Status Claim(const LoadRequest& request, const Model& model);
  Status RegisterAndLoad(const Model& model, const std::string& folder);
  Expected<Model> BeginUnload(const std::string& hash);
  Status UnloadAndUnregister(const Model& model);
  Status WaitUntilUnloaded(const std::string& name) const;
  bool IsReady(const Model& model) const;

  InferenceServer& server_;
  const HostedModelsOptions options_;
  mutable Mutex mutex_;
  std::map<std::string, Model> models_ GUARDED_BY(mutex_);  // by hash
};

}  // namespace neso
