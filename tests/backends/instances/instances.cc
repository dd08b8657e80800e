// Logs what each instance is told of itself, in a line that begins with "instance:", and is asked nothing else: OUT = IN.
#include "../common/plugin.h"

namespace {

const char* KindName(TRITONSERVER_InstanceGroupKind kind) {
  switch (kind) {
    case TRITONSERVER_INSTANCEGROUPKIND_CPU: return "CPU";
    case TRITONSERVER_INSTANCEGROUPKIND_GPU: return "GPU";
    case TRITONSERVER_INSTANCEGROUPKIND_MODEL: return "MODEL";
    default: return "AUTO";
  }
}

TRITONSERVER_Error* Describe(TRITONBACKEND_ModelInstance* instance, std::string* text) {
  const char* name = nullptr;
  TRITONSERVER_InstanceGroupKind kind = TRITONSERVER_INSTANCEGROUPKIND_AUTO;
  int32_t device = -1;
  bool is_passive = false;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceName(instance, &name));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceKind(instance, &kind));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceDeviceId(instance, &device));
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceIsPassive(instance, &is_passive));
  *text = std::string(name) + " kind " + KindName(kind) + " device " + std::to_string(device) +
          (is_passive ? " passive" : " active") + " profiles";

  uint32_t count = 0;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceProfileCount(instance, &count));
  for (uint32_t i = 0; i < count; ++i) {
    const char* profile = nullptr;
    RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceProfileName(instance, i, &profile));
    *text += std::string(" ") + profile;
  }
  *text += " secondary";
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceSecondaryDeviceCount(instance, &count));
  for (uint32_t i = 0; i < count; ++i) {
    const char* device_kind = nullptr;
    int64_t id = 0;
    RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceSecondaryDeviceProperties(instance, i, &device_kind, &id));
    *text += std::string(" ") + device_kind + ":" + std::to_string(id);
  }

  TRITONSERVER_Message* policy = nullptr;
  const char* json = nullptr;
  size_t size = 0;
  RETURN_IF_API_ERROR(TRITONBACKEND_ModelInstanceHostPolicy(instance, &policy));
  RETURN_IF_API_ERROR(TRITONSERVER_MessageSerializeToJson(policy, &json, &size));
  *text += " policy " + std::string(json, size);
  return nullptr;
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
  std::string text;
  RETURN_IF_API_ERROR(Describe(instance, &text));
  return TRITONSERVER_LogMessage(TRITONSERVER_LOG_INFO, __FILE__, __LINE__, ("instance: " + text + ".").c_str());
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
