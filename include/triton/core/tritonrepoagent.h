// The C interface between the server and a repository agent: a library libtritonrepoagent_<name>.so that sees a model
// before it is loaded and may check it or put another in its place.
//
// The server provides the functions marked TRITONREPOAGENT_DECLSPEC; the agent those marked TRITONREPOAGENT_ISPEC.
#ifndef TRITON_CORE_TRITONREPOAGENT_H_
#define TRITON_CORE_TRITONREPOAGENT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "triton/core/tritonserver.h"

#define TRITONREPOAGENT_DECLSPEC __attribute__((visibility("default")))
#define TRITONREPOAGENT_ISPEC __attribute__((visibility("default")))

#define TRITONREPOAGENT_API_VERSION_MAJOR 0
#define TRITONREPOAGENT_API_VERSION_MINOR 1

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TRITONREPOAGENT_Agent TRITONREPOAGENT_Agent;
typedef struct TRITONREPOAGENT_AgentModel TRITONREPOAGENT_AgentModel;

// What a location is.
typedef enum TRITONREPOAGENT_artifact_type_enum {
  TRITONREPOAGENT_ARTIFACT_FILESYSTEM = 0,         // a folder
  TRITONREPOAGENT_ARTIFACT_REMOTE_FILESYSTEM = 1,  // a path in object storage
} TRITONREPOAGENT_ArtifactType;

// Steps in the life of a model.
typedef enum TRITONREPOAGENT_action_type_enum {
  TRITONREPOAGENT_ACTION_LOAD = 0,  // about to be loaded
  TRITONREPOAGENT_ACTION_LOAD_COMPLETE = 1,
  TRITONREPOAGENT_ACTION_LOAD_FAIL = 2,
  TRITONREPOAGENT_ACTION_UNLOAD = 3,  // about to be unloaded
  TRITONREPOAGENT_ACTION_UNLOAD_COMPLETE = 4
} TRITONREPOAGENT_ActionType;

// ---- Version

// The API version of the running server.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ApiVersion(uint32_t* major, uint32_t* minor);

// ---- Where the model lies

// The present location; lives as long as the model.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocation(
    TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model, TRITONREPOAGENT_ArtifactType* artifact_type,
    const char** location);
// A new, empty folder for the agent to fill. UNSUPPORTED unless FILESYSTEM.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocationAcquire(
    TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model, const TRITONREPOAGENT_ArtifactType artifact_type,
    const char** location);
// Removes such a folder.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryLocationRelease(
    TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model, const char* location);
// Makes the server use another location; only during TRITONREPOAGENT_ACTION_LOAD.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelRepositoryUpdate(
    TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model, const TRITONREPOAGENT_ArtifactType artifact_type,
    const char* location);

// ---- What the configuration says

// How many parameters the model gives this agent.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelParameterCount(TRITONREPOAGENT_Agent* agent,
                                                                                 TRITONREPOAGENT_AgentModel* model,
                                                                                 uint32_t* count);
// One of them; lives as long as the model.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelParameter(TRITONREPOAGENT_Agent* agent,
                                                                            TRITONREPOAGENT_AgentModel* model,
                                                                            const uint32_t index,
                                                                            const char** parameter_name,
                                                                            const char** parameter_value);
// The configuration as JSON; `config_version` is 1. The caller deletes the message.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelConfig(TRITONREPOAGENT_Agent* agent,
                                                                         TRITONREPOAGENT_AgentModel* model,
                                                                         const uint32_t config_version,
                                                                         TRITONSERVER_Message** model_config);

// ---- State

// What was attached with the next function.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelState(TRITONREPOAGENT_AgentModel* model,
                                                                        void** state);
// Attaches a pointer of the agent's own to a model.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelSetState(TRITONREPOAGENT_AgentModel* model,
                                                                           void* state);
// What was attached with the next function.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_State(TRITONREPOAGENT_Agent* agent, void** state);
// Attaches a pointer of the agent's own.
TRITONREPOAGENT_DECLSPEC TRITONSERVER_Error* TRITONREPOAGENT_SetState(TRITONREPOAGENT_Agent* agent, void* state);

// ---- Implemented by a repository agent library. Only TRITONREPOAGENT_ModelAction is required.

// Once, when the library is loaded.
TRITONREPOAGENT_ISPEC TRITONSERVER_Error* TRITONREPOAGENT_Initialize(TRITONREPOAGENT_Agent* agent);
// Once, before it is unloaded.
TRITONREPOAGENT_ISPEC TRITONSERVER_Error* TRITONREPOAGENT_Finalize(TRITONREPOAGENT_Agent* agent);
// Once for each model that names the agent.
TRITONREPOAGENT_ISPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelInitialize(TRITONREPOAGENT_Agent* agent,
                                                                          TRITONREPOAGENT_AgentModel* model);
// When the model ends.
TRITONREPOAGENT_ISPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelFinalize(TRITONREPOAGENT_Agent* agent,
                                                                        TRITONREPOAGENT_AgentModel* model);
// A step in the model's life; an error during LOAD fails the load.
TRITONREPOAGENT_ISPEC TRITONSERVER_Error* TRITONREPOAGENT_ModelAction(TRITONREPOAGENT_Agent* agent,
                                                                      TRITONREPOAGENT_AgentModel* model,
                                                                      const TRITONREPOAGENT_ActionType action_type);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // TRITON_CORE_TRITONREPOAGENT_H_
