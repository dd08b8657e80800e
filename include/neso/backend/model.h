// A backend's view of the server: the backend library, and the base class of its models.
//
//   class Scale final : public neso::backend::Model {
//    public:
//     Status Initialize() {
//       NESO_ASSIGN_OR_RETURN(factor_, config().parameters.Or("factor", 2.0));
//       return {};
//     }
//   };
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "neso/backend/config.h"
#include "neso/backend/json.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

// The backend library as the server sees it; lives as long as the process.
class Backend {
 public:
  explicit Backend(TRITONBACKEND_Backend* handle) : handle_(handle) {}
  TRITONBACKEND_Backend* handle() const { return handle_; }

  Result<std::string> Name() const {
    const char* name = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendName(handle_, &name));
    return std::string(name);
  }

  // The folder that holds the library.
  Result<std::string> Directory() const {
    TRITONBACKEND_ArtifactType type{};
    const char* location = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendArtifacts(handle_, &type, &location));
    return std::string(location);
  }

  // What gives out memory of the host, pinned or not, and of GPUs.
  Result<TRITONBACKEND_MemoryManager*> MemoryManager() const {
    TRITONBACKEND_MemoryManager* manager = nullptr;  // stays the backend's
    NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendMemoryManager(handle_, &manager));
    return manager;
  }

  // What the command line says: --backend-config=<backend>,<name>=<value>, and "default-max-batch-size" in any case.
  Result<Parameters> Settings() const {
    TRITONSERVER_Message* message = nullptr;  // stays the backend's
    NESO_RETURN_IF_ERROR(TRITONBACKEND_BackendConfig(handle_, &message));
    NESO_ASSIGN_OR_RETURN(const rapidjson::Document document, ParseMessage(message));
    Parameters settings;
    if (const rapidjson::Value* values = FindMember(document, "cmdline"); values && values->IsObject()) {
      for (const auto& member : values->GetObject()) {
        if (member.value.IsString()) settings.Add(member.name.GetString(), member.value.GetString());
      }
    }
    return settings;
  }

 private:
  TRITONBACKEND_Backend* handle_;
};

// One version of a model; the user's class derives from it. Initialize() runs before any instance exists; after it,
// everything here may be read from any thread.
class Model {
 public:
  // May be hidden by the user's class: called once when the library is loaded, and when the server asks what suits it.
  static Status InitializeBackend(const Backend&) { return {}; }
  static Status DescribeBackend(const Backend&, TRITONBACKEND_BackendAttribute*) { return {}; }
  // May be hidden by the user's class.
  Status Initialize() { return {}; }

  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::string& name() const { return name_; }
  uint64_t version() const { return version_; }
  // The folder of the model, and that of the version in it.
  const std::string& repository_path() const { return repository_path_; }
  std::string version_path() const { return repository_path_ + "/" + std::to_string(version_); }
  const ModelConfig& config() const { return config_; }
  // Whether Initialize() is asked to complete the configuration with SetConfig().
  bool auto_complete() const { return auto_complete_; }
  TRITONBACKEND_Model* handle() const { return handle_; }

  Backend backend() const {
    TRITONBACKEND_Backend* backend = nullptr;
    (void)Status(TRITONBACKEND_ModelBackend(handle_, &backend));
    return Backend(backend);
  }
  TRITONSERVER_Server* server() const {
    TRITONSERVER_Server* server = nullptr;
    (void)Status(TRITONBACKEND_ModelServer(handle_, &server));
    return server;
  }

  // The whole configuration.
  Result<rapidjson::Document> ConfigDocument() const {
    TRITONSERVER_Message* message = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelConfig(handle_, 1, &message));
    return ParseMessage(MessagePtr(message).get());
  }

  // Replaces it; only in Initialize(). The server accepts changes of max_batch_size, inputs, outputs, the scheduler if
  // there was none, and decoupled.
  Status SetConfig(const rapidjson::Value& document) {
    NESO_ASSIGN_OR_RETURN(const MessagePtr message, NewMessage(document));
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelSetConfig(handle_, 1, message.get()));
    return ReadConfig();
  }

  // Called by the entry points before Initialize().
  Status Attach(TRITONBACKEND_Model* handle) {
    handle_ = handle;
    const char* name = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelName(handle, &name));
    name_ = name;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelVersion(handle, &version_));
    TRITONBACKEND_ArtifactType type{};
    const char* location = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelRepository(handle, &type, &location));
    repository_path_ = location;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelAutoCompleteConfig(handle, &auto_complete_));
    return ReadConfig();
  }

 private:
  Status ReadConfig() {
    NESO_ASSIGN_OR_RETURN(const rapidjson::Document document, ConfigDocument());
    NESO_ASSIGN_OR_RETURN(config_, ModelConfig::Parse(document));
    return {};
  }

  TRITONBACKEND_Model* handle_ = nullptr;
  std::string name_;
  uint64_t version_ = 0;
  std::string repository_path_;
  bool auto_complete_ = false;
  ModelConfig config_;
};

}  // namespace neso::backend
