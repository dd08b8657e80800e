// A repository agent made with the C interface alone, which writes down all that it is told and does what its parameters
// say:
//   log       the file it writes to, a line a call
//   as        what it calls itself there
//   move      the folder that it has the model taken from
//   copy      "true": a folder that it acquires, with the model's files in it
//   release   "true": it gives up that folder on LOAD_COMPLETE
//   move_at   an action, in which it tries to move the model
//   fail      an action that it fails
//   throw     an action that it leaves by an exception
//   wait      a file that its LOAD waits for
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "triton/core/tritonrepoagent.h"

namespace {

namespace fs = std::filesystem;

struct Error {
  TRITONSERVER_Error* error;
};
void Check(TRITONSERVER_Error* error) {
  if (error != nullptr) throw Error{error};
}

const char* NameOf(TRITONREPOAGENT_ActionType action) {
  static const char* const names[] = {"LOAD", "LOAD_COMPLETE", "LOAD_FAIL", "UNLOAD", "UNLOAD_COMPLETE"};
  return names[action];
}

std::string ConfigOf(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model) {
  TRITONSERVER_Message* message = nullptr;
  Check(TRITONREPOAGENT_ModelConfig(agent, model, 1, &message));
  const char* base = nullptr;
  size_t size = 0;
  Check(TRITONSERVER_MessageSerializeToJson(message, &base, &size));
  std::string json(base, size);
  Check(TRITONSERVER_MessageDelete(message));
  return json;
}

class Recorder {
 public:
  Recorder(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model) : agent_(agent), model_(model) {
    uint32_t count = 0;
    Check(TRITONREPOAGENT_ModelParameterCount(agent, model, &count));
    for (uint32_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      const char* value = nullptr;
      Check(TRITONREPOAGENT_ModelParameter(agent, model, i, &name, &value));
      parameters_[name] = value;
    }
  }

  std::string Location() const {
    TRITONREPOAGENT_ArtifactType type;
    const char* location = nullptr;
    Check(TRITONREPOAGENT_ModelRepositoryLocation(agent_, model_, &type, &location));
    return location;
  }

  void Write(const std::string& line) const {
    std::ofstream(At("log"), std::ios::app) << (At("as") + " " + line + "\n");
  }

  void Act(TRITONREPOAGENT_ActionType action) const {
    const std::string name = NameOf(action);
    if (action == TRITONREPOAGENT_ACTION_LOAD) {
      Write(name + " " + Location());
      Write("config " + ConfigOf(agent_, model_));
      while (!At("wait").empty() && !fs::exists(At("wait"))) usleep(1000);
      if (At("copy") == "true") Copy();
      if (!At("move").empty()) Update(At("move"));
    } else {
      Write(name);
    }
    if (action == TRITONREPOAGENT_ACTION_LOAD_COMPLETE && At("release") == "true") {
      Check(TRITONREPOAGENT_ModelRepositoryLocationRelease(agent_, model_, ""));
    }
    if (At("move_at") == name) Update("/nowhere");
    if (At("throw") == name) throw std::runtime_error("the recorder has no more paper");
    if (At("fail") == name) Check(TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "told to fail"));
  }

 private:
  std::string At(const std::string& name) const {
    const auto found = parameters_.find(name);
    return found == parameters_.end() ? std::string() : found->second;
  }
  void Update(const std::string& folder) const {
    Check(TRITONREPOAGENT_ModelRepositoryUpdate(agent_, model_, TRITONREPOAGENT_ARTIFACT_FILESYSTEM, folder.c_str()));
  }
  void Copy() const {
    const char* acquired = nullptr;
    const char* again = nullptr;
    Check(
        TRITONREPOAGENT_ModelRepositoryLocationAcquire(agent_, model_, TRITONREPOAGENT_ARTIFACT_FILESYSTEM, &acquired));
    Check(TRITONREPOAGENT_ModelRepositoryLocationAcquire(agent_, model_, TRITONREPOAGENT_ARTIFACT_FILESYSTEM, &again));
    if (std::string(acquired) != again) throw std::runtime_error("two folders");
    fs::copy(Location(), acquired, fs::copy_options::recursive);
    Update(acquired);
  }

  TRITONREPOAGENT_Agent* const agent_;
  TRITONREPOAGENT_AgentModel* const model_;
  std::map<std::string, std::string> parameters_;
};

}  // namespace

extern "C" {

TRITONSERVER_Error* TRITONREPOAGENT_Initialize(TRITONREPOAGENT_Agent* agent) {
  uint32_t major = 0, minor = 0;
  if (TRITONSERVER_Error* error = TRITONREPOAGENT_ApiVersion(&major, &minor)) return error;
  if (major != TRITONREPOAGENT_API_VERSION_MAJOR || minor < TRITONREPOAGENT_API_VERSION_MINOR) {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED, "another interface");
  }
  return TRITONREPOAGENT_SetState(agent, new int(0));
}

TRITONSERVER_Error* TRITONREPOAGENT_Finalize(TRITONREPOAGENT_Agent* agent) {
  void* state = nullptr;
  if (TRITONSERVER_Error* error = TRITONREPOAGENT_State(agent, &state)) return error;
  std::printf("the recorder ends after %d models\n", *static_cast<int*>(state));
  std::fflush(stdout);
  delete static_cast<int*>(state);
  return nullptr;
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelInitialize(TRITONREPOAGENT_Agent* agent, TRITONREPOAGENT_AgentModel* model) {
  void* state = nullptr;
  if (TRITONSERVER_Error* error = TRITONREPOAGENT_State(agent, &state)) return error;
  __atomic_add_fetch(static_cast<int*>(state), 1, __ATOMIC_RELAXED);
  return TRITONREPOAGENT_ModelSetState(model, new Recorder(agent, model));
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelFinalize(TRITONREPOAGENT_Agent*, TRITONREPOAGENT_AgentModel* model) {
  void* state = nullptr;
  if (TRITONSERVER_Error* error = TRITONREPOAGENT_ModelState(model, &state)) return error;
  const Recorder* const recorder = static_cast<Recorder*>(state);
  recorder->Write("finalized");
  delete recorder;
  return nullptr;
}

TRITONSERVER_Error* TRITONREPOAGENT_ModelAction(TRITONREPOAGENT_Agent*, TRITONREPOAGENT_AgentModel* model,
                                                const TRITONREPOAGENT_ActionType action) {
  void* state = nullptr;
  if (TRITONSERVER_Error* error = TRITONREPOAGENT_ModelState(model, &state)) return error;
  try {
    static_cast<Recorder*>(state)->Act(action);
  } catch (const Error& error) {
    return error.error;
  }
  return nullptr;
}

}  // extern "C"
