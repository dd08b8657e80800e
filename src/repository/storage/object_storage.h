// Repositories in object stores.
//
// A model is read from its listing; a load downloads its folder into one of its own, which goes with the model. Files
// that are here already, since they belong to a version that serves or lie in a cache folder, are not downloaded again.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/mutex.h"
#include "repository/storage/object_files.h"
#include "repository/storage/object_stores.h"
#include "repository/storage/run_folder.h"
#include "repository/storage/storage.h"

namespace neso {

struct ObjectStorageOptions {
  // Where downloaded files are kept from run to run. Empty: what TRITON_AWS_MOUNT_DIRECTORY,
  // TRITON_GCS_MOUNT_DIRECTORY or TRITON_AZURE_MOUNT_DIRECTORY name; else nothing is kept.
  std::string cache_directory;
  unsigned connections = 16;            // downloads at the same time, of all models
  unsigned stall_timeout_seconds = 30;  // without a byte
};

class ObjectStorage final : public Storage {
 public:
  // Error: kUnavailable when this server has no object stores, with what has to be installed.
  static Expected<std::unique_ptr<ObjectStorage>> Open(const ObjectStorageOptions& options);
  // `host` is what `stores` were made with.
  ObjectStorage(ObjectStorageOptions options, std::unique_ptr<ObjectStoreHost> host,
                std::unique_ptr<ObjectStores> stores);

  Status CheckRepository(const std::string& path) const override;
  Expected<RepositoryListing> ListRepository(const std::string& path) const override;
  bool IsFolder(const std::string& path) const override;
  Expected<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& config_name) const override;
  // A copy.
  Expected<LocalFolder> Localize(const std::string& path) const override;

  // Requests that are under way end with an error.
  void PrepareForExit() const { host_->stop.Set(); }
  const ObjectStoreCounters& counters() const { return host_->counters; }

 private:
  // Where copies and files of one provider's objects lie.
  struct Place {
    std::unique_ptr<RunFolder> run;
    std::unique_ptr<ObjectFiles> files;
    bool keeps_files;
    uint64_t copies = 0;
  };
  // A text of an object as it was then.
  struct KnownText {
    std::string version;
    std::string text;
  };

  // All objects below a model's folder, sorted.
  Expected<std::vector<ObjectInfo>> ListModel(const std::string& path) const;
  Expected<std::string> ReadText(const std::string& folder, const ObjectInfo& object, bool& has_changed) const;
  Expected<std::shared_ptr<Place>> PlaceFor(const std::string& path) const;
  // The copy keeps its place.
  Expected<LocalFolder> MakeCopyFolder(const std::string& path, const std::shared_ptr<Place>& place) const;

  const ObjectStorageOptions options_;
  const std::unique_ptr<ObjectStoreHost> host_;
  const std::unique_ptr<ObjectStores> stores_;
  const std::unique_ptr<Executor> executor_;
  mutable Mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<Place>> places_ GUARDED_BY(mutex_);  // by "s3", "gs", "as"
  mutable std::map<std::string, KnownText> texts_ GUARDED_BY(mutex_);                // by path
};

}  // namespace neso
