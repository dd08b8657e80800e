// What repository agents call.
#include "repository/agents/repository_agent.h"
#include "backend/api_call.h"
#include "config/json.h"
#include "core/message.h"
#include "repository/agents/agent_model.h"

namespace {

using neso::ApiCall;
using neso::Status;

neso::RepositoryAgent& AsAgent(TRITONREPOAGENT_Agent* agent) { return *static_cast<neso::RepositoryAgent*>(agent); }
neso::AgentModel& AsModel(TRITONREPOAGENT_AgentModel* model) { return *static_cast<neso::AgentModel*>(model); }

}  // namespace

TRITONSERVER_Error* TRITONREPOAGENT_ApiVersion(uint32_t* major, uint32_t* minor) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(major, minor);
    *major = TRITONREPOAGENT_API_VERSION_MAJOR;
    *minor = TRITONREPOAGENT_API_VERSION_MINOR;
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocation(TRITONREPOAGENT_Agent* /*agent*/,
                                                            TRITONREPOAGENT_AgentModel* model,
                                                            TRITONREPOAGENT_ArtifactType* artifact_type,
                                                            const char** location) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, artifact_type, location);
    *artifact_type = AsModel(model).artifact_type();
    *location = AsModel(model).location().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocationAcquire(TRITONREPOAGENT_Agent* /*agent*/,
                                                                   TRITONREPOAGENT_AgentModel* model,
                                                                   const TRITONREPOAGENT_ArtifactType artifact_type,
                                                                   const char** location) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, location);
    ASSIGN_OR_RETURN(const std::string* const acquired, AsModel(model).Acquire(artifact_type));
    *location = acquired->c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocationRelease(TRITONREPOAGENT_Agent* /*agent*/,
                                                                   TRITONREPOAGENT_AgentModel* model,
                                                                   const char* /*location*/) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model);
    return AsModel(model).Release();
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryUpdate(TRITONREPOAGENT_Agent* /*agent*/,
                                                          TRITONREPOAGENT_AgentModel* model,
                                                          const TRITONREPOAGENT_ArtifactType artifact_type,
                                                          const char* location) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, location);
    return AsModel(model).Update(artifact_type, location);
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelParameterCount(TRITONREPOAGENT_Agent* /*agent*/,
                                                        TRITONREPOAGENT_AgentModel* model, uint32_t* count) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, count);
    *count = static_cast<uint32_t>(AsModel(model).parameters().size());
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelParameter(TRITONREPOAGENT_Agent* /*agent*/, TRITONREPOAGENT_AgentModel* model,
                                                   const uint32_t index, const char** parameter_name,
                                                   const char** parameter_value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, parameter_name, parameter_value);
    const neso::AgentParameters& parameters = AsModel(model).parameters();
    RETURN_IF_ERROR(neso::CheckIndex(index, parameters.size(), "the model gives this agent", "parameters"));
    *parameter_name = parameters[index].first.c_str();
    *parameter_value = parameters[index].second.c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelConfig(TRITONREPOAGENT_Agent* /*agent*/, TRITONREPOAGENT_AgentModel* model,
                                                const uint32_t config_version, TRITONSERVER_Message** model_config) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, model_config);
    RETURN_IF_ERROR(neso::CheckConfigVersion(config_version));
    *model_config = new neso::Message(neso::ModelConfigToJson(AsModel(model).config()));
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelState(TRITONREPOAGENT_AgentModel* model, void** state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model, state);
    *state = AsModel(model).state();
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelSetState(TRITONREPOAGENT_AgentModel* model, void* state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(model);
    AsModel(model).set_state(state);
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_State(TRITONREPOAGENT_Agent* agent, void** state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(agent, state);
    *state = AsAgent(agent).state();
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_SetState(TRITONREPOAGENT_Agent* agent, void* state) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(agent);
    AsAgent(agent).set_state(state);
    return {};
  });
}
