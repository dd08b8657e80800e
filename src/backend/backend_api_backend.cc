// TRITONBACKEND_* functions about the backend itself.
#include "backend/backend_api.h"

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_ApiVersion(uint32_t* major, uint32_t* minor) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(major, minor);
    *major = TRITONBACKEND_API_VERSION_MAJOR;
    *minor = TRITONBACKEND_API_VERSION_MINOR;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendName(TRITONBACKEND_Backend* backend, const char** name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend, name);
    *name = AsBackend(backend).name().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendConfig(TRITONBACKEND_Backend* backend, TRITONSERVER_Message** backend_config) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend, backend_config);
    *backend_config = &AsBackend(backend).config_message();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendExecutionPolicy(TRITONBACKEND_Backend* backend,
                                                         TRITONBACKEND_ExecutionPolicy* policy) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend, policy);
    *policy = AsBackend(backend).execution_policy();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendSetExecutionPolicy(TRITONBACKEND_Backend* backend,
                                                            TRITONBACKEND_ExecutionPolicy policy) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend);
    AsBackend(backend).set_execution_policy(policy);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendArtifacts(TRITONBACKEND_Backend* backend,
                                                   TRITONBACKEND_ArtifactType* artifact_type, const char** location) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend, artifact_type, location);
    *artifact_type = TRITONBACKEND_ARTIFACT_FILESYSTEM;
    *location = AsBackend(backend).folder().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendMemoryManager(TRITONBACKEND_Backend* backend,
                                                       TRITONBACKEND_MemoryManager** manager) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend, manager);
    *manager = &AsBackend(backend).memory();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendState(TRITONBACKEND_Backend* backend, void** state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend, state);
    *state = AsBackend(backend).state();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendSetState(TRITONBACKEND_Backend* backend, void* state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend);
    AsBackend(backend).set_state(state);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendAttributeAddPreferredInstanceGroup(
    TRITONBACKEND_BackendAttribute* backend_attributes, const TRITONSERVER_InstanceGroupKind kind, const uint64_t count,
    const uint64_t* device_ids, const uint64_t id_count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend_attributes);
    if (id_count > 0) REQUIRE_ARGUMENTS(device_ids);
    inference::ModelInstanceGroup group;
    group.set_kind(FromApiKind(kind));
    group.set_count(static_cast<int32_t>(count));
    for (uint64_t i = 0; i < id_count; ++i) group.add_gpus(static_cast<int32_t>(device_ids[i]));
    static_cast<BackendAttribute*>(backend_attributes)->preferred_groups.push_back(std::move(group));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(
    TRITONBACKEND_BackendAttribute* backend_attributes, bool enabled) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(backend_attributes);
    static_cast<BackendAttribute*>(backend_attributes)->parallel_instance_loading = enabled;
    return {};
  });
}
