// The base class of a backend's model instances.
//
//   class ScaleInstance final : public neso::backend::Instance<Scale> {
//    public:
//     void Execute(Execution& execution) { ... execution.requests() ... model().factor() ... }
//   };
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "neso/backend/collector.h"
#include "neso/backend/json.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

// What every instance knows of itself. The server runs one execution of an instance at a time.
class InstanceBase {
 public:
  InstanceBase() = default;
  InstanceBase(const InstanceBase&) = delete;
  InstanceBase& operator=(const InstanceBase&) = delete;

  const std::string& name() const { return name_; }
  TRITONSERVER_InstanceGroupKind kind() const { return kind_; }
  int32_t device_id() const { return device_id_; }
  TRITONBACKEND_ModelInstance* handle() const { return handle_; }

  // {policy:{setting:value...}}
  Result<rapidjson::Document> HostPolicy() const {
    TRITONSERVER_Message* message = nullptr;  // stays the instance's
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceHostPolicy(handle_, &message));
    return ParseMessage(message);
  }

  // Called by the entry points before Initialize().
  Status Attach(TRITONBACKEND_ModelInstance* handle) {
    handle_ = handle;
    const char* name = nullptr;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceName(handle, &name));
    name_ = name;
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceKind(handle, &kind_));
    return TRITONBACKEND_ModelInstanceDeviceId(handle, &device_id_);
  }

 private:
  TRITONBACKEND_ModelInstance* handle_ = nullptr;
  std::string name_;
  TRITONSERVER_InstanceGroupKind kind_ = TRITONSERVER_INSTANCEGROUPKIND_CPU;
  int32_t device_id_ = 0;
};

template <typename ModelType>
class Instance : public InstanceBase {
 public:
  // May be hidden by the user's class; Ready() says whether the instance can serve, from any thread.
  Status Initialize() { return {}; }
  Status Ready() { return {}; }
  // How inputs are to be aligned beyond what their elements need: a power of two, at most 64.
  static constexpr size_t CollectorAlignment() { return 1; }

  ModelType& model() const { return *model_; }
  // Gathers the inputs of a batch; only during Execute().
  InputCollector& collector() { return *collector_; }

  // Called by the entry points before Initialize().
  void AttachModel(ModelType& model, size_t collector_alignment) {
    model_ = &model;
    collector_.emplace(model.config(), collector_alignment);
  }

 private:
  ModelType* model_ = nullptr;
  std::optional<InputCollector> collector_;
};

}  // namespace neso::backend
