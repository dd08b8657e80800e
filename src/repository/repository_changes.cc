// The part of ModelRepository that follows changes of the folders (control mode POLL).
#include <utility>

#include "base/catch_exceptions.h"
#include "base/log.h"
#include "base/log_scope.h"
#include "repository/operation.h"
#include "repository/repository.h"

namespace neso {
namespace {

// What polls hold as long as they last, so that they follow each other. No model has this id.
constexpr const char* kPolls = "";

}  // namespace

Status ModelRepository::PollChanges(PollCare care) {
  if (options_.control_mode != TRITONSERVER_MODEL_CONTROL_POLL) return Unavailable("polling is disabled");
  const Operation polling(*this, {kPolls});
  // A repository that cannot be listed is more likely out of reach than empty: everything stays as it is.
  ASSIGN_OR_RETURN(const Locations locations, ListAll());
  const FolderTracker::Looks looks = LookAt(locations);
  const FolderTracker::Changes changes = tracker_.Look(looks, care);
  for (const std::string& id : changes.unsettled) {
    const LogScope scope({.model = id});
    LOG_INFO("the files of model '{}' change: it is loaded when two looks in succession have found them the same", id);
  }
  // Before those that are gone: an ensemble that does without them now is not to end with them.
  LoadChanged(changes, locations, looks, care);
  for (const std::string& id : changes.gone) {
    const LogScope scope({.model = id});
    if (locations.contains(id)) LOG_ERROR("failed to poll model '{}': not unique across all model repositories.", id);
    RemoveModel(id);
  }
  return {};
}

FolderTracker::Looks ModelRepository::LookAt(const Locations& locations) const {
  std::vector<std::pair<const std::string*, const Location*>> folders;
  for (const auto& [id, location] : locations) {
    // Of two that have one name neither is served.
    if (!location.is_duplicate) folders.emplace_back(&id, &location);
  }
  std::vector<std::optional<FolderLook>> found(folders.size());
  SideBySide(folders.size(), [&](size_t i) {
    const Location& location = *folders[i].second;
    const Expected<FolderSnapshot> folder =
        CatchExceptions([&] { return location.storage->ReadModelFolder(location.path, options_.model_config_name); });
    if (folder) {
      found[i] = LookOf(*folder);
    } else {
      LOG_ERROR("Poll failed for model directory '{}': {}", location.path, folder.error().message());
    }
  });
  FolderTracker::Looks looks;
  for (size_t i = 0; i < folders.size(); ++i) looks.emplace(*folders[i].first, std::move(found[i]));
  return looks;
}

void ModelRepository::LoadChanged(const FolderTracker::Changes& changes, const Locations& locations,
                                  const FolderTracker::Looks& looks, PollCare care) {
  const std::set<std::string>& ids = changes.to_load;
  std::map<std::string, PolledModel> polled;
  for (const auto& [id, failure] : PollMany(ids, changes.retries, locations, polled)) {
    tracker_.Note(id, *looks.at(id), false);
  }
  if (care == PollCare::kUntilStill) {
    std::erase_if(polled, [&](const auto& entry) { return !entry.second.look.SameFiles(*looks.at(entry.first)); });
  }
  if (polled.empty()) return;
  std::map<std::string, PolledModel> users = UsersOfPolled(polled);
  std::map<std::string, FolderLook> taken;
  std::set<std::string> busy;
  for (const auto& [id, model] : polled) {
    taken.emplace(id, model.look);
    busy.insert(id);
  }
  for (const auto& [id, model] : users) busy.insert(id);
  const Operation operation(*this, std::move(busy));
  const std::map<std::string, Status> failures = LoadPolled(std::move(polled), ids);
  LoadPolled(std::move(users), {});
  for (auto& [id, look] : taken) tracker_.Note(id, std::move(look), !failures.contains(id));
}

void ModelRepository::RemoveModel(const std::string& id) {
  std::vector<std::string> order;
  {
    MutexLock lock(mutex_);
    order = PlanUnload(loaded_, id, /*dependents=*/false);
  }
  std::set<std::string> busy = {order.begin(), order.end()};
  busy.insert(id);
  const Operation operation(*this, std::move(busy));
  for (const std::string& model : order) lifecycle_.Unload(model);  // the ensembles that need it first
  lifecycle_.Remove(id);
  MutexLock lock(mutex_);
  ForgetLocked(id);
}

void ModelRepository::ForgetLocked(const std::string& id) {
  loaded_.erase(id);
  ensembles_.erase(id);
  startup_failures_.erase(id);
  poll_failures_.erase(id);
}

}  // namespace neso
