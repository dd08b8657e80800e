// From the C ABI's opaque pointers to our objects. Precondition everywhere: not null, and made by this library.
#pragma once

#include <span>

#include "backend/api_call.h"
#include "core/message.h"
#include "core/request.h"
#include "core/response.h"
#include "core/trace.h"
#include "engine/inference_server.h"

namespace neso {

inline InferenceServer& ServerOf(TRITONSERVER_Server* handle) { return *static_cast<InferenceServer*>(handle); }
inline ServerOptions& OptionsOf(TRITONSERVER_ServerOptions* handle) { return *static_cast<ServerOptions*>(handle); }
inline InferenceRequest& RequestOf(TRITONSERVER_InferenceRequest* handle) {
  return *static_cast<InferenceRequest*>(handle);
}
inline InferenceResponse& ResponseOf(TRITONSERVER_InferenceResponse* handle) {
  return *static_cast<InferenceResponse*>(handle);
}
inline InferenceTrace& TraceOf(TRITONSERVER_InferenceTrace* handle) { return *static_cast<InferenceTrace*>(handle); }
inline BufferAttributes& AttributesOf(TRITONSERVER_BufferAttributes* handle) {
  return *static_cast<BufferAttributes*>(handle);
}
inline ResponseAllocator& AllocatorOf(TRITONSERVER_ResponseAllocator* handle) {
  return *static_cast<ResponseAllocator*>(handle);
}

inline Status CheckMemoryType(TRITONSERVER_MemoryType type) {
  return IsMemoryType(type) ? Status() : InvalidArg("unknown memory type {}", static_cast<int>(type));
}

// Gives a JSON text to a C caller, who deletes the message.
inline Status HandOut(std::string json, TRITONSERVER_Message** message) {
  *message = new Message(std::move(json));
  return {};
}

// Hands out a value, or its error.
template <typename T, typename Out>
Status HandOut(Expected<T> value, Out* out) {
  if (!value) return std::move(value).error();
  *out = static_cast<Out>(*std::move(value));
  return {};
}

}  // namespace neso
