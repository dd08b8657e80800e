// What repository agents call. Agents are no part of this server, so no library is ever loaded.
#include "capi/unsupported.h"

namespace {

TRITONSERVER_Error* NoAgents(const char* function) { return neso::AnswerUnsupported(function, "repository agents"); }

}  // namespace

TRITONSERVER_Error* TRITONREPOAGENT_ApiVersion(uint32_t* major, uint32_t* minor) {
  return neso::ApiCall([&]() -> neso::Status {
    REQUIRE_ARGUMENTS(major, minor);
    *major = TRITONREPOAGENT_API_VERSION_MAJOR;
    *minor = TRITONREPOAGENT_API_VERSION_MINOR;
    return {};
  });
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocation(TRITONREPOAGENT_Agent* agent,
                                                            TRITONREPOAGENT_AgentModel* model,
                                                            TRITONREPOAGENT_ArtifactType* artifact_type,
                                                            const char** location) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocationAcquire(TRITONREPOAGENT_Agent* agent,
                                                                   TRITONREPOAGENT_AgentModel* model,
                                                                   const TRITONREPOAGENT_ArtifactType artifact_type,
                                                                   const char** location) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocationRelease(TRITONREPOAGENT_Agent* agent,
                                                                   TRITONREPOAGENT_AgentModel* model,
                                                                   const char* location) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryUpdate(TRITONREPOAGENT_Agent* agent,
                                                          TRITONREPOAGENT_AgentModel* model,
                                                          const TRITONREPOAGENT_ArtifactType artifact_type,
                                                          const char* location) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelParameterCount(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model,
                                                        uint32_t* count) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelParameter(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model,
                                                   const uint32_t index, const char** parameter_name,
                                                   const char** parameter_value) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelConfig(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model,
                                                const uint32_t config_version, TRITONSERVER_Message** model_config) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelState(TRITONREPOAGENT_AgentModel* model, void** state) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelSetState(TRITONREPOAGENT_AgentModel* model, void* state) {
  return NoAgents(__func__);
}

TRITONSERVER_Error* TRITONREPOAGENT_State(TRITONREPOAGENT_Agent* agent, void** state) { return NoAgents(__func__); }

TRITONSERVER_Error* TRITONREPOAGENT_SetState(TRITONREPOAGENT_Agent* agent, void* state) { return NoAgents(__func__); }
