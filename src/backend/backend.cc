#include "backend/backend.h"

#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "core/foreign_call.h"
#include "neso/backend/traits.h"

namespace neso {
namespace {

constexpr const char* kExecute = "TRITONBACKEND_ModelInstanceExecute";

BackendFunctions FindFunctions(const SharedLibrary& library) {
  BackendFunctions found;
  const auto find = [&library](auto*& function, const char* name) {
    function = library.Find<std::remove_pointer_t<std::remove_reference_t<decltype(function)>>>(name);
  };
  find(found.initialize, "TRITONBACKEND_Initialize");
  find(found.finalize, "TRITONBACKEND_Finalize");
  find(found.get_backend_attribute, "TRITONBACKEND_GetBackendAttribute");
  find(found.model_initialize, "TRITONBACKEND_ModelInitialize");
  find(found.model_finalize, "TRITONBACKEND_ModelFinalize");
  find(found.model_instance_initialize, "TRITONBACKEND_ModelInstanceInitialize");
  find(found.model_instance_finalize, "TRITONBACKEND_ModelInstanceFinalize");
  find(found.model_instance_ready, "TRITONBACKEND_ModelInstanceReady");
  find(found.model_instance_execute, kExecute);
  return found;
}

}  // namespace

Backend::Backend(std::string name, const BackendLibrary& found, SharedLibrary library, std::string config_json,
                 PluginMemory& memory)
    : name_(std::move(name)),
      folder_(found.folder),
      library_(std::move(library)),
      config_(std::move(config_json)),
      memory_(memory),
      functions_(FindFunctions(library_)),
      runs_on_any_thread_(library_.Promises<NESOBACKEND_TraitsV1>("NESOBACKEND_Traits", NESOBACKEND_TRAIT_ANY_THREAD)) {
}

Expected<std::unique_ptr<Backend>> Backend::Load(std::string name, const BackendLibrary& found, std::string config_json,
                                                 PluginMemory& memory) {
  ASSIGN_OR_RETURN(SharedLibrary library, SharedLibrary::Open(found.path));
  RETURN_IF_ERROR(library.Require(kExecute));
  std::unique_ptr<Backend> backend(
      new Backend(std::move(name), found, std::move(library), std::move(config_json), memory));
  const BackendFunctions& functions = backend->functions();
  RETURN_IF_ERROR(CallForeign("TRITONBACKEND_Initialize", functions.initialize, backend.get()));
  RETURN_IF_ERROR(CallForeign("TRITONBACKEND_GetBackendAttribute", functions.get_backend_attribute, backend.get(),
                              &backend->attribute_));
  return backend;
}

Backend::~Backend() {
  LOG_VERBOSE(1, "unloading backend '{}'", name_);
  const Status status = CallForeign("TRITONBACKEND_Finalize", functions_.finalize, this);
  if (!status.ok()) LOG_ERROR("failed finalizing backend '{}': {}", name_, status.ToString());
}

bool Backend::LoadsInstancesInParallel() const {
  const char* override = std::getenv("TRITON_PARALLEL_INSTANCE_LOADING");
  if (override == nullptr) return attribute_.parallel_instance_loading;
  LOG_VERBOSE(1, "Using TRITON_PARALLEL_INSTANCE_LOADING environment variable override: {}", override);
  return std::strcmp(override, "1") == 0;
}

}  // namespace neso
