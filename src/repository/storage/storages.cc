#include "repository/storage/storages.h"

#include <utility>

#include "repository/storage/object_stores.h"

namespace neso {

Expected<const Storage*> Storages::Of(const std::string& path) const {
  if (!IsObjectStorePath(path)) return &local_disk_;
  MutexLock lock(mutex_);
  if (object_storage_ == nullptr) {
    ASSIGN_OR_RETURN(object_storage_, ObjectStorage::Open(options_));
  }
  return object_storage_.get();
}

Status Storages::CheckRepository(const std::string& path) const {
  ASSIGN_OR_RETURN(const Storage* const storage, Of(path));
  return storage->CheckRepository(path);
}

const ObjectStorage* Storages::object_storage() const {
  MutexLock lock(mutex_);
  return object_storage_.get();
}

void Storages::PrepareForExit() const {
  if (const ObjectStorage* const storage = object_storage()) storage->PrepareForExit();
}

}  // namespace neso
