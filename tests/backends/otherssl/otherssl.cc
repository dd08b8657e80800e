// Carries a function that is named like one of OpenSSL's and shows it to everybody, as frameworks do. Answers OUT = IN;
// OUT = -1 says that the name led to another library.
#include "../common/plugin.h"

extern "C" __attribute__((visibility("default"))) unsigned long OpenSSL_version_num();

// Through the loader's tables, as between two libraries of a framework.
unsigned long OpenSSL_version_num() { return 4711; }

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request** requests,
                                                       const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    plugin::Tensor in;
    if (TRITONSERVER_Error* error = plugin::ReadInput(requests[i], &in); error != nullptr) {
      plugin::AnswerError(requests[i], error);
    } else {
      plugin::Ignore(plugin::Answer(requests[i], in, OpenSSL_version_num() == 4711 ? in.value : -1));
    }
    plugin::Release(requests[i]);
  }
  return nullptr;
}
