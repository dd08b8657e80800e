// Wishes what --backend-config=attributes,... says, and logs what comes of it, a line for each instance that begins with
// "instance:".
//
//   wish<n>=KIND:count    preferred groups, in this order; n is 0 to 3
//   parallel=true         instances may be initialised at the same time
//   patience_ms=n         so long each instance waits in its initialisation for another one to be there, too
//   refuse=true           GetBackendAttribute fails
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "../common/plugin.h"

namespace {

std::chrono::milliseconds patience{0};  // set before any instance begins

// Of the server's JSON, whose values are all texts; empty if it is not there.
std::string Setting(const std::string& json, const std::string& name) {
  const std::string begin = '"' + name + "\":\"";
  const size_t at = json.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  return json.substr(from, json.find('"', from) - from);
}

TRITONSERVER_InstanceGroupKind KindOf(const std::string& name) {
  if (name == "CPU") return TRITONSERVER_INSTANCEGROUPKIND_CPU;
  if (name == "GPU") return TRITONSERVER_INSTANCEGROUPKIND_GPU;
  return TRITONSERVER_INSTANCEGROUPKIND_MODEL;
}

// How many are inside at once at most, as long as this one waits.
int MeetOthers() {
  static std::mutex mutex;
  static std::condition_variable came;
  static int inside = 0;
  static int met = 0;
  std::unique_lock lock(mutex);
  if (++inside == 1) met = 1;
  met = std::max(met, inside);
  came.notify_all();
  came.wait_for(lock, patience, [] { return met > 1; });
  --inside;
  return met;
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_GetBackendAttribute(TRITONBACKEND_Backend* backend,
                                                      TRITONBACKEND_BackendAttribute* attributes) {
  TRITONSERVER_Message* message = nullptr;
  const char* text = nullptr;
  size_t size = 0;
  RETURN_IF_API_ERROR(TRITONBACKEND_BackendConfig(backend, &message));
  RETURN_IF_API_ERROR(TRITONSERVER_MessageSerializeToJson(message, &text, &size));
  const std::string json(text, size);
  if (Setting(json, "refuse") == "true") {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNSUPPORTED, "refused on purpose");
  }
  patience = std::chrono::milliseconds(std::strtoull(Setting(json, "patience_ms").c_str(), nullptr, 10));
  for (const char* name : {"wish0", "wish1", "wish2", "wish3"}) {
    const std::string wish = Setting(json, name);
    if (wish.empty()) continue;
    const size_t colon = wish.find(':');
    RETURN_IF_API_ERROR(TRITONBACKEND_BackendAttributeAddPreferredInstanceGroup(
        attributes, KindOf(wish.substr(0, colon)), std::strtoull(wish.c_str() + colon + 1, nullptr, 10), nullptr, 0));
  }
  if (const std::string parallel = Setting(json, "parallel"); !parallel.empty()) {
    return TRITONBACKEND_BackendAttributeSetParallelModelInstanceLoading(attributes, parallel == "true");
  }
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
  const char* name = nullptr;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceName(instance, &name));
  const std::string text = std::string("instance: ") + name + ", " + std::to_string(MeetOthers()) + " at once.";
  return TRITONSERVER_LogMessage(TRITONSERVER_LOG_INFO, __FILE__, __LINE__, text.c_str());
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request** requests,
                                                       const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    plugin::Tensor in;
    RETURN_IF_API_ERROR(plugin::ReadInput(requests[i], &in));
    RETURN_IF_API_ERROR(plugin::Answer(requests[i], in, in.value));
    plugin::Release(requests[i]);
  }
  return nullptr;
}
