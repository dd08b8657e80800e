#include "repository/storage/storages.h"

#include <array>

namespace neso {

Expected<const Storage*> Storages::Of(const std::string& path) const {
  constexpr std::array<std::array<const char*, 2>, 3> kStores = {
      {{"gs://", "TRITON_ENABLE_GCS"}, {"s3://", "TRITON_ENABLE_S3"}, {"as://", "TRITON_ENABLE_AZURE_STORAGE"}}};
  for (const auto& [prefix, option] : kStores) {
    if (path.starts_with(prefix)) {
      return Internal("{} file-system not supported. To enable, build with -D{}=ON.", prefix, option);
    }
  }
  return &local_disk_;
}

Status Storages::CheckRepository(const std::string& path) const {
  ASSIGN_OR_RETURN(const Storage* const storage, Of(path));
  return storage->CheckRepository(path);
}

}  // namespace neso
