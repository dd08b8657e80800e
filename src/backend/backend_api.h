// From the C ABI's opaque pointers to what they point at. Used by the backend_api_*.cc files only.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "backend/api_call.h"
#include "backend/backend.h"
#include "backend/backend_instance.h"
#include "backend/plugin_model.h"
#include "core/request.h"
#include "core/response.h"

namespace neso {

inline Backend& AsBackend(TRITONBACKEND_Backend* handle) { return *static_cast<Backend*>(handle); }
inline PluginModel& AsModel(TRITONBACKEND_Model* handle) { return *static_cast<PluginModel*>(handle); }
inline BackendInstance& AsInstance(TRITONBACKEND_ModelInstance* handle) {
  return *static_cast<BackendInstance*>(handle);
}
inline InferenceRequest& AsRequest(TRITONBACKEND_Request* handle) { return *static_cast<InferenceRequest*>(handle); }
inline InferenceResponse& AsResponse(TRITONBACKEND_Response* handle) {
  return *static_cast<InferenceResponse*>(handle);
}
inline Input& AsInput(TRITONBACKEND_Input* handle) { return *static_cast<Input*>(handle); }
inline Output& AsOutput(TRITONBACKEND_Output* handle) { return *static_cast<Output*>(handle); }

// What TRITONBACKEND_ResponseFactoryNew hands out: a share in the request's factory.
struct ResponseFactoryHandle final : TRITONBACKEND_ResponseFactory {
  explicit ResponseFactoryHandle(std::shared_ptr<ResponseFactory> shared) : factory(std::move(shared)) {
    factory->AddAnswerer();
  }
  ~ResponseFactoryHandle() { ResponseFactory::DropAnswerer(factory); }
  ResponseFactoryHandle(const ResponseFactoryHandle&) = delete;
  ResponseFactoryHandle& operator=(const ResponseFactoryHandle&) = delete;

  const std::shared_ptr<ResponseFactory> factory;
};
inline ResponseFactoryHandle& AsFactory(TRITONBACKEND_ResponseFactory* handle) {
  return *static_cast<ResponseFactoryHandle*>(handle);
}

inline TRITONSERVER_DataType ToApi(DataType type) { return static_cast<TRITONSERVER_DataType>(type); }
inline TRITONSERVER_MemoryType ToApi(MemoryType type) { return static_cast<TRITONSERVER_MemoryType>(type); }
inline DataType FromApi(TRITONSERVER_DataType type) { return static_cast<DataType>(type); }
inline MemoryType FromApi(TRITONSERVER_MemoryType type) { return static_cast<MemoryType>(type); }

// For out parameters that may be null.
template <typename Type, typename Value>
void SetIfWanted(Type* out, Value&& value) {
  if (out != nullptr) *out = std::forward<Value>(value);
}

inline std::vector<ModelStatistics::MemoryUsage> ToMemoryUsage(std::span<TRITONSERVER_BufferAttributes* const> usage) {
  std::vector<ModelStatistics::MemoryUsage> result;
  for (const TRITONSERVER_BufferAttributes* entry : usage) {
    const auto& attributes = *static_cast<const BufferAttributes*>(entry);
    result.push_back({MemoryTypeName(attributes.memory_type), attributes.memory_type_id, attributes.byte_size});
  }
  return result;
}

}  // namespace neso
