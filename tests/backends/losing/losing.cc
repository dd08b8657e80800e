// OUT = IN. An instance that gets IN = -1 says that it is lost, and answers nothing but errors from then on.
#include "../common/plugin.h"
#include "neso/backend/lost.h"

namespace {

bool IsLost(TRITONBACKEND_ModelInstance* instance) {
  void* mark = nullptr;
  plugin::Ignore(TRITONBACKEND_ModelInstanceState(instance, &mark));
  return mark != nullptr;
}

TRITONSERVER_Error* AnswerOrLose(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_Request* request) {
  plugin::Tensor in;
  if (TRITONSERVER_Error* error = plugin::ReadInput(request, &in); error != nullptr) return error;
  if (IsLost(instance)) return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "the instance is lost");
  if (in.value == -1) {
    plugin::Ignore(TRITONBACKEND_ModelInstanceSetState(instance, instance));
    plugin::Ignore(NESOBACKEND_ModelInstanceLost(instance, "lost on purpose"));
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INTERNAL, "the instance is lost from now on");
  }
  return plugin::Answer(request, in, in.value);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    if (TRITONSERVER_Error* error = AnswerOrLose(instance, requests[i]); error != nullptr) {
      plugin::AnswerError(requests[i], error);
    }
    plugin::Release(requests[i]);
  }
  return nullptr;
}
