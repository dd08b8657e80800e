#include "library.h"

#include <dlfcn.h>

// DALI's older C interface, whose header excludes the newer one; the newer one's own function is missing in the library.
extern "C" void daliReleaseUnusedMemory();

namespace neso::dali {

Status LoadOperators(const std::vector<std::string>& libraries) {
  for (const std::string& library : libraries) {
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
      return BackendError("unable to load the library of operators '", library,
                          "' of --backend-config=dali,plugin_libs: ", dlerror());
    }
  }
  return {};
}

void ReleaseUnusedMemory() { daliReleaseUnusedMemory(); }

}  // namespace neso::dali
