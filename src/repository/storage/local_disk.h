// Repositories on a disk of this machine, or one that looks like it.
#pragma once

#include <string>
#include <vector>

#include "repository/storage/storage.h"

namespace neso {

class LocalDisk final : public Storage {
 public:
  Status CheckRepository(const std::string& path) const override;
  Expected<RepositoryListing> ListRepository(const std::string& path) const override;
  bool IsFolder(const std::string& path) const override;
  Expected<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& config_name) const override;
  // The folder itself.
  Expected<LocalFolder> Localize(const std::string& path) const override;
};

// What a folder holds, unsorted, but for FIFOs and devices; nothing if it cannot be read.
std::vector<FolderEntry> ListFolder(const std::string& path);

}  // namespace neso
