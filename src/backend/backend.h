// A backend plug-in: TRITONBACKEND_Backend, shared by the models that run in it.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Backend> backend, Backend::Load("onnxruntime", library, config_json, memory));
//   backend->functions().model_initialize(model);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/library_search.h"
#include "backend/plugin_memory.h"
#include "base/shared_library.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/abi.h"
#include "core/message.h"

namespace neso {

// What a backend library implements; null where it does not. Only model_instance_execute is always there.
struct BackendFunctions {
  using ForBackend = TRITONSERVER_Error*(TRITONBACKEND_Backend*);
  using ForModel = TRITONSERVER_Error*(TRITONBACKEND_Model*);
  using ForInstance = TRITONSERVER_Error*(TRITONBACKEND_ModelInstance*);
  ForBackend* initialize = nullptr;
  ForBackend* finalize = nullptr;
  TRITONSERVER_Error* (*get_backend_attribute)(TRITONBACKEND_Backend*, TRITONBACKEND_BackendAttribute*) = nullptr;
  ForModel* model_initialize = nullptr;
  ForModel* model_finalize = nullptr;
  ForInstance* model_instance_initialize = nullptr;
  ForInstance* model_instance_finalize = nullptr;
  ForInstance* model_instance_ready = nullptr;
  TRITONSERVER_Error* (*model_instance_execute)(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request**,
                                                uint32_t) = nullptr;
};

// TRITONBACKEND_BackendAttribute: what the backend says of itself.
class BackendAttribute final : public TRITONBACKEND_BackendAttribute {
 public:
  std::vector<inference::ModelInstanceGroup> preferred_groups;
  bool parallel_instance_loading = false;
};

// Constant after Load, but for the plug-in's own state.
class Backend final : public TRITONBACKEND_Backend {
 public:
  // Opens the library and runs TRITONBACKEND_Initialize and TRITONBACKEND_GetBackendAttribute. `memory` is borrowed.
  // Errors: kNotFound as SharedLibrary has it, or what the plug-in says.
  static Expected<std::unique_ptr<Backend>> Load(std::string name, const BackendLibrary& found, std::string config_json,
                                                 PluginMemory& memory);
  // Runs TRITONBACKEND_Finalize, also after an Initialize that failed (plug-ins count on it).
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  const std::string& name() const { return name_; }
  const std::string& library_path() const { return library_.path(); }
  const std::string& folder() const { return folder_; }
  const BackendFunctions& functions() const { return functions_; }
  const BackendAttribute& attribute() const { return attribute_; }
  Message& config_message() { return config_; }
  const Message& config_message() const { return config_; }
  PluginMemory& memory() { return memory_; }
  // Whether instances may execute on any thread, one execution at a time (NESOBACKEND_Traits).
  bool runs_on_any_thread() const { return runs_on_any_thread_; }
  // Whether instances of one model are initialised at the same time: as the backend says, unless the environment
  // variable TRITON_PARALLEL_INSTANCE_LOADING does.
  bool LoadsInstancesInParallel() const;

  TRITONBACKEND_ExecutionPolicy execution_policy() const { return execution_policy_; }
  void set_execution_policy(TRITONBACKEND_ExecutionPolicy policy) { execution_policy_ = policy; }
  void* state() const { return state_; }
  void set_state(void* state) { state_ = state; }

 private:
  Backend(std::string name, const BackendLibrary& found, SharedLibrary library, std::string config_json,
          PluginMemory& memory);

  const std::string name_;
  const std::string folder_;
  const SharedLibrary library_;
  Message config_;
  PluginMemory& memory_;
  BackendFunctions functions_;
  BackendAttribute attribute_;
  bool runs_on_any_thread_ = false;
  TRITONBACKEND_ExecutionPolicy execution_policy_ = TRITONBACKEND_EXECUTION_BLOCKING;
  void* state_ = nullptr;
};

}  // namespace neso
