#include "base/shared_library.h"

#include <dlfcn.h>

namespace neso {

Expected<SharedLibrary> SharedLibrary::Open(const std::string& path) {
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    return NotFound("unable to load shared library: {}", reason == nullptr ? path.c_str() : reason);
  }
  return SharedLibrary(path, handle);
}

// A library that the plug-in depends on may hold its functions, as dlsym has it.
void* SharedLibrary::FindAddress(const char* symbol) const { return dlsym(handle_, symbol); }

Status SharedLibrary::Require(const char* symbol) const {
  if (FindAddress(symbol) != nullptr) return {};
  const char* reason = dlerror();
  return NotFound("unable to find required entrypoint '{}' in shared library: {}", symbol,
                  reason == nullptr ? path_ : std::string(reason));
}

}  // namespace neso
