#include "frontend/sagemaker/hosted_models.h"

#include "base/clock.h"
#include "base/log.h"
#include "frontend/sagemaker/model_location.h"

namespace neso {
namespace {

// SageMaker's targets are paths in a bucket ("team/resnet.tar.gz"); names of models have no slashes.
bool CanBeModelName(std::string_view target) {
  return !target.empty() && target != "." && target != ".." && target.find_first_of("/\\") == std::string_view::npos;
}

}  // namespace

Status HostedModels::Load(const LoadRequest& request) {
  ASSIGN_OR_RETURN(const ModelLocation location, LocateModel(request.url, options_.models_root));
  const Model model{.name = CanBeModelName(request.target) ? request.target : request.hash,
                    .repository = location.repository};
  RETURN_IF_ERROR(Claim(request, model));
  Status loaded = RegisterAndLoad(model, location.folder);
  MutexLock lock(mutex_);
  if (loaded.ok()) {
    models_.at(request.hash).phase = Phase::kLoaded;
  } else {
    models_.erase(request.hash);
  }
  return loaded;
}

// From here on the hash is taken, while nobody can use or unload the model yet.
Status HostedModels::Claim(const LoadRequest& request, const Model& model) {
  MutexLock lock(mutex_);
  if (models_.try_emplace(request.hash, model).second) return {};
  return AlreadyExists("model '{}' is already loaded", request.hash);
}

Status HostedModels::RegisterAndLoad(const Model& model, const std::string& folder) {
  RETURN_IF_ERROR(server_.RegisterRepository(model.repository, {{folder, model.name}}));
  Status loaded = server_.LoadModel(model.name);
  if (!loaded.ok()) {
    const Status forgotten = server_.UnregisterRepository(model.repository);
    if (!forgotten.ok()) LOG_WARNING("'{}' stays registered: {}", model.repository, forgotten.message());
  }
  return loaded;
}

Status HostedModels::Unload(const std::string& hash) {
  ASSIGN_OR_RETURN(const Model model, BeginUnload(hash));
  Status unloaded = UnloadAndUnregister(model);
  MutexLock lock(mutex_);
  if (unloaded.ok()) {
    models_.erase(hash);
  } else {
    models_.at(hash).phase = Phase::kLoaded;
  }
  return unloaded;
}

Expected<HostedModels::Model> HostedModels::BeginUnload(const std::string& hash) {
  MutexLock lock(mutex_);
  const auto it = models_.find(hash);
  if (it == models_.end() || it->second.phase == Phase::kLoading) return NotFound("model '{}' is not loaded", hash);
  if (it->second.phase == Phase::kUnloading) return Unavailable("model '{}' is being unloaded", hash);
  it->second.phase = Phase::kUnloading;
  return it->second;
}

Status HostedModels::UnloadAndUnregister(const Model& model) {
  RETURN_IF_ERROR(server_.UnloadModel(model.name, /*unload_dependents=*/true));
  RETURN_IF_ERROR(WaitUntilUnloaded(model.name));
  return server_.UnregisterRepository(model.repository);
}

Status HostedModels::WaitUntilUnloaded(const std::string& name) const {
  if (server_.WaitUntilUnloaded(name, SteadyClock::Instance().Now() + options_.unload_limit)) return {};
  if (server_.IsStopping()) return Unavailable("Server exiting");
  return Unavailable("model '{}' still has requests after {} ms", name, options_.unload_limit.count());
}

bool HostedModels::IsReady(const Model& model) const {
  const Expected<bool> ready = server_.IsModelReady(model.name, -1);
  return ready.ok() && *ready;
}

std::optional<std::string> HostedModels::ModelName(const std::string& hash) const {
  MutexLock lock(mutex_);
  const auto it = models_.find(hash);
  if (it == models_.end() || it->second.phase == Phase::kLoading) return {};
  return it->second.name;
}

std::optional<std::string> HostedModels::Repository(const std::string& hash) const {
  MutexLock lock(mutex_);
  const auto it = models_.find(hash);
  if (it == models_.end() || it->second.phase == Phase::kLoading) return {};
  return it->second.repository;
}

std::vector<HostedModels::Entry> HostedModels::All() const {
  std::map<std::string, Model> models;
  {
    MutexLock lock(mutex_);
    models = models_;
  }
  std::vector<Entry> entries;
  for (const auto& [hash, model] : models) {
    if (model.phase == Phase::kLoading) continue;
    entries.push_back({.hash = hash, .repository = model.repository, .is_ready = IsReady(model)});
  }
  return entries;
}

}  // namespace neso
