#include <dlfcn.h>

#include "repository/storage/object_stores.h"

namespace neso {
namespace {

// "<folder>/" of the file that this code was loaded from.
std::string OwnFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&OpenObjectStores), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

Status CannotBeHad() {
  const char* const reason = dlerror();
  return Unavailable("object stores cannot be had (libcurl 4, libexpat 1 and OpenSSL 3 have to be installed): {}",
                     reason == nullptr ? "no reason is known" : reason);
}

}  // namespace

Expected<std::unique_ptr<ObjectStores>> OpenObjectStores(ObjectStoreHost& host) {
  // By its full name: one on LD_LIBRARY_PATH is not ours. Local: a plug-in may bring a libcurl of its own.
  const std::string file = OwnFolder() + "libneso_object_store.so";
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CannotBeHad();
  const auto* entry = static_cast<const ObjectStoreEntry*>(dlsym(library, "neso_object_store_entry"));
  if (entry == nullptr) return CannotBeHad();
  return (*entry)(host);
}

bool IsObjectStorePath(std::string_view path) {
  return path.starts_with("s3://") || path.starts_with("gs://") || path.starts_with("as://");
}

}  // namespace neso
