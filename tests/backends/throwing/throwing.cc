// Throws C++ exceptions out of its functions, where the model's name says so: "throws_in_initialize",
// "throws_in_instance", "throws_in_execute", "throws_late" (after the first request of the batch was answered and
// released), "throws_int", "throws_in_ready", "throws_in_finalize". Any other model answers OUT = IN.
#include <stdexcept>

#include "../common/plugin.h"

using plugin::NameContains;

namespace {

void ThrowIf(TRITONBACKEND_Model* model, const char* word) {
  const char* name = "";
  plugin::Ignore(TRITONBACKEND_ModelName(model, &name));
  if (NameContains(name, word)) throw std::runtime_error(std::string("thrown on purpose: ") + word);
}

void ThrowIf(TRITONBACKEND_ModelInstance* instance, const char* word) {
  if (NameContains(plugin::ModelName(instance), word)) {
    throw std::runtime_error(std::string("thrown on purpose: ") + word);
  }
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model* model) {
  ThrowIf(model, "throws_in_initialize");
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelFinalize(TRITONBACKEND_Model* model) {
  ThrowIf(model, "throws_in_finalize");
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
  ThrowIf(instance, "throws_in_instance");
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance* instance) {
  ThrowIf(instance, "throws_in_finalize");
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReady(TRITONBACKEND_ModelInstance* instance) {
  ThrowIf(instance, "throws_in_ready");
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  ThrowIf(instance, "throws_in_execute");
  const bool late = NameContains(plugin::ModelName(instance), "throws_late");
  if (NameContains(plugin::ModelName(instance), "throws_int")) throw 42;
  for (uint32_t i = 0; i < request_count; ++i) {
    plugin::Tensor in;
    RETURN_IF_API_ERROR(plugin::ReadInput(requests[i], &in));
    RETURN_IF_API_ERROR(plugin::Answer(requests[i], in, in.value));
    plugin::Release(requests[i]);
    if (late) throw std::runtime_error("thrown on purpose: throws_late");
  }
  return nullptr;
}
