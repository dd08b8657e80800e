#include "perf/in_process/server_library.h"

#include "base/shared_library.h"

namespace neso::perf {
namespace {

// The first minor version with all of the functions: parameters of requests came last.
constexpr uint32_t kLeastMinor = 22;

}  // namespace

Expected<ServerLibrary> ServerLibrary::Open(const std::string& path) {
  ASSIGN_OR_RETURN(const SharedLibrary opened, SharedLibrary::Open(path));
  ServerLibrary library;
#define NESO_PERF_FIND(name)                              \
  RETURN_IF_ERROR(opened.Require("TRITONSERVER_" #name)); \
  library.functions_.name = opened.Find<decltype(TRITONSERVER_##name)>("TRITONSERVER_" #name);
  NESO_PERF_SERVER_FUNCTIONS(NESO_PERF_FIND)
#undef NESO_PERF_FIND
  uint32_t major = 0, minor = 0;
  RETURN_IF_ERROR(library.StatusOf(library->ApiVersion(&major, &minor)));
  if (major != TRITONSERVER_API_VERSION_MAJOR || minor < kLeastMinor) {
    return Unsupported("{} has version {}.{} of the C interface: expected {}.{} or later", path, major, minor,
                       TRITONSERVER_API_VERSION_MAJOR, kLeastMinor);
  }
  return library;
}

Status ServerLibrary::StatusOf(TRITONSERVER_Error* error) const {
  if (error == nullptr) return {};
  Status status = Unavailable("{}", functions_.ErrorMessage(error));
  functions_.ErrorDelete(error);
  return status;
}

}  // namespace neso::perf
