// Which storage a path of a repository means.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/status.h"
#include "repository/storage/local_disk.h"
#include "repository/storage/object_storage.h"

namespace neso {

// Thread-safe.
class Storages {
 public:
  explicit Storages(ObjectStorageOptions options = {}) : options_(std::move(options)) {}

  // "s3://bucket/models" means an object store, which is opened when the first such path is named; anything else the
  // local disk. Lives as long as this. Error: kUnavailable for object stores that cannot be had.
  Expected<const Storage*> Of(const std::string& path) const;
  // Whether the repository is there. Errors: those of Of, and of its storage.
  Status CheckRepository(const std::string& path) const;
  const LocalDisk& local_disk() const { return local_disk_; }
  // Null: no path has named one.
  const ObjectStorage* object_storage() const;
  // Downloads that are under way end with an error.
  void PrepareForExit() const;

 private:
  const ObjectStorageOptions options_;
  const LocalDisk local_disk_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<const ObjectStorage> object_storage_ GUARDED_BY(mutex_);
};

}  // namespace neso
