// Which storage a path of a repository means.
#pragma once

#include <string>

#include "base/status.h"
#include "repository/storage/local_disk.h"

namespace neso {

// Thread-safe.
class Storages {
 public:
  // "s3://bucket/models" means an object store, anything else the local disk. Lives as long as this.
  // Error: kInternal "<prefix> file-system not supported. ..." for stores that this server does not have.
  Expected<const Storage*> Of(const std::string& path) const;
  // Whether the repository is there. Errors: those of Of, and of its storage.
  Status CheckRepository(const std::string& path) const;
  const LocalDisk& local_disk() const { return local_disk_; }

 private:
  LocalDisk local_disk_;
};

}  // namespace neso
