#include "base/own_library.h"
#include "repository/storage/object_stores.h"

namespace neso {

Expected<std::unique_ptr<ObjectStores>> OpenObjectStores(ObjectStoreHost& host) {
  ASSIGN_OR_RETURN(const ObjectStoreEntry* const entry,
                   OpenOwnLibrary<ObjectStoreEntry>(
                       "libneso_object_store.so", "neso_object_store_entry",
                       "object stores cannot be had (libcurl 4, libexpat 1 and OpenSSL 3 have to be installed)"));
  return (*entry)(host);
}

bool IsObjectStorePath(std::string_view path) {
  return path.starts_with("s3://") || path.starts_with("gs://") || path.starts_with("as://");
}

}  // namespace neso
