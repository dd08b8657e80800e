#include "base/own_library.h"

#include <dlfcn.h>

namespace neso {
namespace {

Status Missing(const std::string& complaint) {
  const char* const reason = dlerror();
  return Unavailable("{}: {}", complaint, reason == nullptr ? "no reason is known" : reason);
}

}  // namespace

std::string OwnFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&FindInOwnLibrary), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

Expected<const void*> FindInOwnLibrary(const std::string& file, const char* symbol, const std::string& complaint) {
  void* const library = dlopen((OwnFolder() + file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return Missing(complaint);
  const void* const entry = dlsym(library, symbol);
  if (entry == nullptr) return Missing(complaint);
  return entry;
}

}  // namespace neso
