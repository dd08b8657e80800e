#include <dlfcn.h>

#include "net/tls.h"

namespace neso::net {
namespace {

// "<folder>/" of the file that this code was loaded from.
std::string OwnFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&OpenTlsLibrary), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

}  // namespace

Expected<MakeTlsContext> OpenTlsLibrary() {
  // By its full name: one on LD_LIBRARY_PATH is not ours. Local: a plug-in may bring an OpenSSL of its own.
  const std::string file = OwnFolder() + "libneso_tls.so";
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Unavailable("TLS cannot be had: {}", dlerror());
  const auto* entry = static_cast<const TlsEntry*>(dlsym(library, "neso_tls_entry"));
  if (entry == nullptr) return Unavailable("TLS cannot be had: {}", dlerror());
  return MakeTlsContext(*entry);
}

}  // namespace neso::net
