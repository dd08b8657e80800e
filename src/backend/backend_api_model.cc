// TRITONBACKEND_* functions about a model, and our own about its load.
#include <functional>
#include <stop_token>
#include <utility>

#include "backend/backend_api.h"
#include "config/json.h"
#include "core/foreign_call.h"
#include "neso/backend/load_watch.h"

using namespace neso;

struct NESOBACKEND_LoadWatch {
  NESOBACKEND_LoadWatch(std::stop_token stop, std::function<void()> give_up)
      : callback(std::move(stop), std::move(give_up)) {}
  const std::stop_callback<std::function<void()>> callback;
};

TRITONSERVER_Error* TRITONBACKEND_ModelName(TRITONBACKEND_Model* model, const char** name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, name);
    *name = AsModel(model).name().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelVersion(TRITONBACKEND_Model* model, uint64_t* version) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, version);
    *version = static_cast<uint64_t>(AsModel(model).version());
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelRepository(TRITONBACKEND_Model* model, TRITONBACKEND_ArtifactType* artifact_type,
                                                  const char** location) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, artifact_type, location);
    *artifact_type = TRITONBACKEND_ARTIFACT_FILESYSTEM;
    *location = AsModel(model).folder().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelConfig(TRITONBACKEND_Model* model, const uint32_t config_version,
                                              TRITONSERVER_Message** model_config) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, model_config);
    RETURN_IF_ERROR(CheckConfigVersion(config_version));
    *model_config = new Message(ModelConfigToJson(AsModel(model).config()));
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelAutoCompleteConfig(TRITONBACKEND_Model* model, bool* auto_complete_config) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, auto_complete_config);
    *auto_complete_config = AsModel(model).auto_complete();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelSetConfig(TRITONBACKEND_Model* model, const uint32_t config_version,
                                                 TRITONSERVER_Message* model_config) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, model_config);
    RETURN_IF_ERROR(CheckConfigVersion(config_version));
    return AsModel(model).SetConfig(static_cast<Message*>(model_config)->json());
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelServer(TRITONBACKEND_Model* model, TRITONSERVER_Server** server) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, server);
    *server = AsModel(model).server();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelBackend(TRITONBACKEND_Model* model, TRITONBACKEND_Backend** backend) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, backend);
    *backend = &AsModel(model).backend();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelState(TRITONBACKEND_Model* model, void** state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, state);
    *state = AsModel(model).state();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelSetState(TRITONBACKEND_Model* model, void* state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model);
    AsModel(model).set_state(state);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelReportMemoryUsage(TRITONBACKEND_Model* model,
                                                         TRITONSERVER_BufferAttributes** usage, uint32_t usage_size) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model);
    if (usage_size > 0) REQUIRE_ARGUMENTS(usage);
    AsModel(model).ReportMemoryUsage(ToMemoryUsage({usage, usage_size}));
    return {};
  });
}

TRITONSERVER_Error* NESOBACKEND_LoadWatchNew(TRITONBACKEND_Model* model, void (*give_up)(void* userp), void* userp,
                                             NESOBACKEND_LoadWatch** watch) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, reinterpret_cast<const void*>(give_up), watch);
    const auto call = [give_up, userp] { LogFailure(CallForeign("the give_up of a load's watch", give_up, userp)); };
    *watch = new NESOBACKEND_LoadWatch(AsModel(model).load_stop(), call);
    return {};
  });
}

TRITONSERVER_Error* NESOBACKEND_LoadWatchDelete(NESOBACKEND_LoadWatch* watch) {
  return ApiCall([&]() -> Status {
    delete watch;
    return {};
  });
}
