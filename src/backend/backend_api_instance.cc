// TRITONBACKEND_* functions about a model instance, and our own that says that it is lost.
#include "backend/backend_api.h"
#include "neso/backend/lost.h"

using namespace neso;

namespace {
constexpr const char* kConfiguredWith = "instance is configured with";
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceName(TRITONBACKEND_ModelInstance* instance, const char** name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, name);
    *name = AsInstance(instance).name().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceKind(TRITONBACKEND_ModelInstance* instance,
                                                    TRITONSERVER_InstanceGroupKind* kind) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, kind);
    *kind = AsInstance(instance).spec().kind;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceDeviceId(TRITONBACKEND_ModelInstance* instance, int32_t* device_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, device_id);
    *device_id = AsInstance(instance).spec().device_id;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceHostPolicy(TRITONBACKEND_ModelInstance* instance,
                                                          TRITONSERVER_Message** host_policy) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, host_policy);
    *host_policy = &AsInstance(instance).host_policy_message();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceIsPassive(TRITONBACKEND_ModelInstance* instance, bool* is_passive) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, is_passive);
    *is_passive = AsInstance(instance).is_passive();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceProfileCount(TRITONBACKEND_ModelInstance* instance, uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, count);
    *count = static_cast<uint32_t>(AsInstance(instance).spec().profiles.size());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceProfileName(TRITONBACKEND_ModelInstance* instance, const uint32_t index,
                                                           const char** profile_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, profile_name);
    const std::vector<std::string>& profiles = AsInstance(instance).spec().profiles;
    *profile_name = nullptr;
    RETURN_IF_ERROR(CheckIndex(index, profiles.size(), kConfiguredWith, "profiles"));
    *profile_name = profiles[index].c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceSecondaryDeviceCount(TRITONBACKEND_ModelInstance* instance,
                                                                    uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, count);
    *count = static_cast<uint32_t>(AsInstance(instance).spec().secondary_devices.size());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceSecondaryDeviceProperties(TRITONBACKEND_ModelInstance* instance,
                                                                         uint32_t index, const char** kind,
                                                                         int64_t* id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, kind, id);
    const std::vector<InstanceSpec::SecondaryDevice>& devices = AsInstance(instance).spec().secondary_devices;
    RETURN_IF_ERROR(CheckIndex(index, devices.size(), kConfiguredWith, "secondary devices"));
    *kind = devices[index].kind.c_str();
    *id = devices[index].id;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceModel(TRITONBACKEND_ModelInstance* instance,
                                                     TRITONBACKEND_Model** model) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, model);
    *model = &AsInstance(instance).model();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceState(TRITONBACKEND_ModelInstance* instance, void** state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, state);
    *state = AsInstance(instance).state();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceSetState(TRITONBACKEND_ModelInstance* instance, void* state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance);
    AsInstance(instance).set_state(state);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportMemoryUsage(TRITONBACKEND_ModelInstance* instance,
                                                                 TRITONSERVER_BufferAttributes** usage,
                                                                 uint32_t usage_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance);
    if (usage_size > 0) REQUIRE_ARGUMENTS(usage);
    AsInstance(instance).ReportMemoryUsage(ToMemoryUsage({usage, usage_size}));
    return {};
  });
}

TRITONSERVER_Error* NESOBACKEND_ModelInstanceLost(TRITONBACKEND_ModelInstance* instance, const char* reason) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, reason);
    AsInstance(instance).SetLost(reason);
    return {};
  });
}
