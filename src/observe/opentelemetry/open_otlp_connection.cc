#include <dlfcn.h>

#include "observe/opentelemetry/otlp_post.h"

namespace neso {
namespace {

// "<folder>/" of the file that this code was loaded from.
std::string OwnFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&OpenOtlpConnection), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

Status CannotBeHad() {
  const char* const reason = dlerror();
  return Unavailable("export to OpenTelemetry cannot be had (libcurl 4 has to be installed): {}",
                     reason == nullptr ? "no reason is known" : reason);
}

}  // namespace

Expected<std::unique_ptr<OtlpConnection>> OpenOtlpConnection(const OtlpEndpoint& endpoint) {
  // By its full name: one on LD_LIBRARY_PATH is not ours. Local: a plug-in may bring a libcurl of its own.
  const std::string file = OwnFolder() + "libneso_otlp.so";
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CannotBeHad();
  const auto* entry = static_cast<const OtlpEntry*>(dlsym(library, "neso_otlp_entry"));
  if (entry == nullptr) return CannotBeHad();
  return (*entry)(endpoint);
}

}  // namespace neso
