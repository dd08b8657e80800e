// A repository agent in C++: derive ModelAgent, name it, and the library is complete.
//
//   class Census final : public neso::agent::ModelAgent {
//    public:
//     Status Load(neso::agent::Model& model) override {
//       NESO_ASSIGN_OR_RETURN(const std::string folder, model.Folder());
//       ...
//     }
//   };
//   NESO_REPOSITORY_AGENT(Census)
//
// There is one object a model, made before its Load and gone after the last that it is told. Models are loaded side by
// side: objects share nothing that they do not guard. The entry points that the macro defines let no exception out.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "neso/backend/guard.h"
#include "neso/backend/log.h"
#include "neso/backend/status.h"
#include "triton/core/tritonrepoagent.h"

namespace neso::agent {

using backend::Result;
using backend::Status;

// The model that an agent is told of. Confined to the call.
class Model {
 public:
  Model(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model) : agent_(agent), model_(model) {}

  // Where it lies: a folder with config.pbtxt and the versions.
  // Error: UNSUPPORTED "Unsupported filesystem: <n>" for what is no folder of this machine.
  Result<std::string> Folder() const {
    TRITONREPOAGENT_ArtifactType type{};
    const char* location = nullptr;
    NESO_RETURN_IF_ERROR(TRITONREPOAGENT_ModelRepositoryLocation(agent_, model_, &type, &location));
    if (type != TRITONREPOAGENT_ARTIFACT_FILESYSTEM) return Status::Unsupported("Unsupported filesystem: ", type);
    return std::string(location);
  }

  // What its configuration says to this agent, by name.
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  Result<Parameters> AllParameters() const {
    uint32_t count = 0;
    NESO_RETURN_IF_ERROR(TRITONREPOAGENT_ModelParameterCount(agent_, model_, &count));
    Parameters parameters;
    for (uint32_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      const char* value = nullptr;
      NESO_RETURN_IF_ERROR(TRITONREPOAGENT_ModelParameter(agent_, model_, i, &name, &value));
      parameters.emplace_back(name, value);
    }
    return parameters;
  }

  // Its configuration as JSON.
  Result<std::string> ConfigJson() const {
    TRITONSERVER_Message* message = nullptr;
    NESO_RETURN_IF_ERROR(TRITONREPOAGENT_ModelConfig(agent_, model_, 1, &message));
    const char* base = nullptr;
    size_t byte_size = 0;
    const Status read = TRITONSERVER_MessageSerializeToJson(message, &base, &byte_size);
    std::string json = read.ok() ? std::string(base, byte_size) : std::string();
    (void)Status(TRITONSERVER_MessageDelete(message));
    if (!read.ok()) return read.Copy();
    return json;
  }

  // A new, empty folder for another form of the model; the server removes it when the model is gone. Every call gives
  // the same one.
  Result<std::string> AcquireFolder() const {
    const char* location = nullptr;
    NESO_RETURN_IF_ERROR(
        TRITONREPOAGENT_ModelRepositoryLocationAcquire(agent_, model_, TRITONREPOAGENT_ARTIFACT_FILESYSTEM, &location));
    return std::string(location);
  }

  // Has the server, and the agents after this one, take the model from `folder`. Only in Load.
  Status UseFolder(const std::string& folder) const {
    return TRITONREPOAGENT_ModelRepositoryUpdate(agent_, model_, TRITONREPOAGENT_ARTIFACT_FILESYSTEM, folder.c_str());
  }

 private:
  TRITONREPOAGENT_Agent* const agent_;
  TRITONREPOAGENT_AgentModel* const model_;
};

// One model's agent. Load comes first; if the model can be served then, LoadComplete, and later Unload and
// UnloadComplete; else LoadFail, also after an error of Load.
class ModelAgent {
 public:
  virtual ~ModelAgent() = default;
  // An error keeps the model from being loaded.
  virtual Status Load(Model& model) = 0;
  // Errors of these are logged.
  virtual Status LoadComplete(Model& /*model*/) { return {}; }
  virtual Status LoadFail(Model& /*model*/) { return {}; }
  virtual Status Unload(Model& /*model*/) { return {}; }
  virtual Status UnloadComplete(Model& /*model*/) { return {}; }
};

namespace internal {

template <typename AgentType>
struct EntryPoints {
  static TRITONSERVER_Error* Initialize(TRITONREPOAGENT_AgentModel* model) noexcept {
    return backend::internal::Guard([&]() -> Status {
      auto made = std::make_unique<AgentType>();
      NESO_RETURN_IF_ERROR(TRITONREPOAGENT_ModelSetState(model, static_cast<ModelAgent*>(made.get())));
      (void)made.release();  // until Finalize
      return {};
    });
  }

  static TRITONSERVER_Error* Finalize(TRITONREPOAGENT_AgentModel* model) noexcept {
    return backend::internal::Guard([&]() -> Status {
      NESO_ASSIGN_OR_RETURN(ModelAgent* const agent, Of(model));
      delete agent;
      return {};
    });
  }

  static TRITONSERVER_Error* Act(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model,
                                 TRITONREPOAGENT_ActionType action) noexcept {
    return backend::internal::Guard([&]() -> Status {
      NESO_ASSIGN_OR_RETURN(ModelAgent* const told, Of(model));
      Model seen(agent, model);
      switch (action) {
        case TRITONREPOAGENT_ACTION_LOAD: return told->Load(seen);
        case TRITONREPOAGENT_ACTION_LOAD_COMPLETE: return told->LoadComplete(seen);
        case TRITONREPOAGENT_ACTION_LOAD_FAIL: return told->LoadFail(seen);
        case TRITONREPOAGENT_ACTION_UNLOAD: return told->Unload(seen);
        case TRITONREPOAGENT_ACTION_UNLOAD_COMPLETE: return told->UnloadComplete(seen);
      }
      return {};  // one that servers of the future may tell of
    });
  }

 private:
  static Result<ModelAgent*> Of(TRITONREPOAGENT_AgentModel* model) {
    void* state = nullptr;
    NESO_RETURN_IF_ERROR(TRITONREPOAGENT_ModelState(model, &state));
    return static_cast<ModelAgent*>(state);
  }
};

}  // namespace internal
}  // namespace neso::agent

// Defines every entry point of the library; once, outside of namespaces.
#define NESO_REPOSITORY_AGENT(AgentType)                                                                           \
  using NesoEntryPoints = ::neso::agent::internal::EntryPoints<AgentType>;                                         \
  extern "C" {                                                                                                     \
  TRITONSERVER_Error* TRITONREPOAGENT_ModelInitialize(TRITONREPOAGENT_Agent*, TRITONREPOAGENT_AgentModel* model) { \
    return NesoEntryPoints::Initialize(model);                                                                     \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONREPOAGENT_ModelFinalize(TRITONREPOAGENT_Agent*, TRITONREPOAGENT_AgentModel* model) {   \
    return NesoEntryPoints::Finalize(model);                                                                       \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONREPOAGENT_ModelAction(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model, \
                                                  const TRITONREPOAGENT_ActionType action) {                       \
    return NesoEntryPoints::Act(agent, model, action);                                                             \
  }                                                                                                                \
  }
