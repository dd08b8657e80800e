// A backend in C++: derive a model and an instance, name them, and the library is complete.
//
//   class Scale final : public neso::backend::Model {};
//   class ScaleInstance final : public neso::backend::Instance<Scale> {
//    public:
//     Status Execute(Execution& execution) { ... }   // or void; an error answers the requests that have no answer yet
//   };
//   NESO_BACKEND(Scale, ScaleInstance)
//
// The entry points that the macro defines let no exception out. docs/writing-a-backend.md is the guide.
#pragma once

#include <memory>
#include <type_traits>

#include "neso/backend/collect_strings.h"
#include "neso/backend/collector.h"
#include "neso/backend/config.h"
#include "neso/backend/execution.h"
#include "neso/backend/guard.h"
#include "neso/backend/input.h"
#include "neso/backend/instance.h"
#include "neso/backend/log.h"
#include "neso/backend/model.h"
#include "neso/backend/request.h"
#include "neso/backend/responder.h"
#include "neso/backend/response.h"
#include "neso/backend/status.h"
#include "neso/backend/strings.h"
#include "neso/backend/traits.h"

// The oldest minor version of the C interface that has the functions used here; the loader finds out about any other
// that a backend calls itself. Older than the headers' version on purpose: the library loads into older servers, too.
#ifndef NESO_BACKEND_MINOR_NEEDED
#define NESO_BACKEND_MINOR_NEEDED 10
#endif

namespace neso::backend::internal {

inline Status CheckVersion() {
  uint32_t major = 0;
  uint32_t minor = 0;
  NESO_RETURN_IF_ERROR(TRITONBACKEND_ApiVersion(&major, &minor));
  if (major == TRITONBACKEND_API_VERSION_MAJOR && minor >= NESO_BACKEND_MINOR_NEEDED) return {};
  return Status::Unsupported("triton backend API version does not support this backend: expected ",
                             TRITONBACKEND_API_VERSION_MAJOR, ".", NESO_BACKEND_MINOR_NEEDED, " or a later minor, got ",
                             major, ".", minor);
}

// What is attached to a TRITONBACKEND_ModelInstance: the user's instance, and room for its requests.
template <typename InstanceType>
struct InstanceState {
  InstanceType instance;
  RequestPool pool;
};

template <typename ModelType, typename InstanceType>
struct EntryPoints {
  static TRITONSERVER_Error* Initialize(TRITONBACKEND_Backend* backend) noexcept {
    return Guard([&]() -> Status {
      NESO_RETURN_IF_ERROR(CheckVersion());
      return ModelType::InitializeBackend(Backend(backend));
    });
  }

  static TRITONSERVER_Error* GetBackendAttribute(TRITONBACKEND_Backend* backend,
                                                 TRITONBACKEND_BackendAttribute* attributes) noexcept {
    return Guard([&] { return ModelType::DescribeBackend(Backend(backend), attributes); });
  }

  static TRITONSERVER_Error* ModelInitialize(TRITONBACKEND_Model* handle) noexcept {
    return Guard([&]() -> Status {
      auto model = std::make_unique<ModelType>();
      NESO_RETURN_IF_ERROR(model->Attach(handle));
      NESO_RETURN_IF_ERROR(model->Initialize());
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelSetState(handle, model.get()));
      (void)model.release();  // until ModelFinalize
      return {};
    });
  }

  static TRITONSERVER_Error* ModelFinalize(TRITONBACKEND_Model* handle) noexcept {
    return Guard([&]() -> Status {
      void* state = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelState(handle, &state));
      delete static_cast<ModelType*>(state);
      return TRITONBACKEND_ModelSetState(handle, nullptr);
    });
  }

  static TRITONSERVER_Error* InstanceInitialize(TRITONBACKEND_ModelInstance* handle) noexcept {
    return Guard([&]() -> Status {
      TRITONBACKEND_Model* model_handle = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceModel(handle, &model_handle));
      void* model = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelState(model_handle, &model));
      auto state = std::make_unique<InstanceState<InstanceType>>();
      state->instance.AttachModel(*static_cast<ModelType*>(model), InstanceType::CollectorAlignment());
      NESO_RETURN_IF_ERROR(state->instance.Attach(handle));
      NESO_RETURN_IF_ERROR(state->instance.Initialize());
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceSetState(handle, state.get()));
      (void)state.release();  // until InstanceFinalize
      return {};
    });
  }

  static TRITONSERVER_Error* InstanceFinalize(TRITONBACKEND_ModelInstance* handle) noexcept {
    return Guard([&]() -> Status {
      void* state = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceState(handle, &state));
      delete static_cast<InstanceState<InstanceType>*>(state);
      return TRITONBACKEND_ModelInstanceSetState(handle, nullptr);
    });
  }

  static TRITONSERVER_Error* InstanceReady(TRITONBACKEND_ModelInstance* handle) noexcept {
    return Guard([&]() -> Status {
      void* state = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceState(handle, &state));
      return static_cast<InstanceState<InstanceType>*>(state)->instance.Ready();
    });
  }

  static TRITONSERVER_Error* InstanceExecute(TRITONBACKEND_ModelInstance* handle, TRITONBACKEND_Request** requests,
                                             uint32_t count) noexcept {
    // From the moment that requests are attached they are answered and released here, so no error is returned then.
    std::span<Request> attached;
    InstanceState<InstanceType>* state = nullptr;
    TRITONSERVER_Error* error = Guard([&]() -> Status {
      void* pointer = nullptr;
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceState(handle, &pointer));
      state = static_cast<InstanceState<InstanceType>*>(pointer);
      attached = state->pool.Attach(requests, count);
      return {};
    });
    if (error != nullptr) return error;
    return Guard([&]() -> Status {
      Execution execution(handle, state->instance.model().config(), attached);
      const Status failure = Guard([&]() -> Status {
        if constexpr (std::is_void_v<decltype(state->instance.Execute(execution))>) {
          state->instance.Execute(execution);
          return {};
        } else {
          return state->instance.Execute(execution);
        }
      });
      if (!failure.ok()) execution.Fail(failure);
      return {};
    });
  }
};

}  // namespace neso::backend::internal

// The traits a backend has if it does not say: nothing is tied to the instance's thread.
#define NESO_BACKEND(ModelType, InstanceType) \
  NESO_BACKEND_WITH_TRAITS(ModelType, InstanceType, NESOBACKEND_TRAIT_ANY_THREAD)

// Defines every entry point of the library; once, outside of namespaces.
#define NESO_BACKEND_WITH_TRAITS(ModelType, InstanceType, traits)                                                  \
  using NesoEntryPoints = ::neso::backend::internal::EntryPoints<ModelType, InstanceType>;                         \
  extern "C" {                                                                                                     \
  const NESOBACKEND_TraitsV1 NESOBACKEND_Traits = {sizeof(NESOBACKEND_TraitsV1), traits};                          \
  TRITONSERVER_Error* TRITONBACKEND_Initialize(TRITONBACKEND_Backend* backend) {                                   \
    return NesoEntryPoints::Initialize(backend);                                                                   \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_GetBackendAttribute(TRITONBACKEND_Backend* backend,                            \
                                                        TRITONBACKEND_BackendAttribute* attributes) {              \
    return NesoEntryPoints::GetBackendAttribute(backend, attributes);                                              \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model* model) {                                  \
    return NesoEntryPoints::ModelInitialize(model);                                                                \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_ModelFinalize(TRITONBACKEND_Model* model) {                                    \
    return NesoEntryPoints::ModelFinalize(model);                                                                  \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {               \
    return NesoEntryPoints::InstanceInitialize(instance);                                                          \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance* instance) {                 \
    return NesoEntryPoints::InstanceFinalize(instance);                                                            \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReady(TRITONBACKEND_ModelInstance* instance) {                    \
    return NesoEntryPoints::InstanceReady(instance);                                                               \
  }                                                                                                                \
  TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,                    \
                                                         TRITONBACKEND_Request** requests, const uint32_t count) { \
    return NesoEntryPoints::InstanceExecute(instance, requests, count);                                            \
  }                                                                                                                \
  }
