// Executes a request by an access to memory that is not there.
#include <cstdint>

#include "../common/plugin.h"

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request**,
                                                       const uint32_t) {
  *reinterpret_cast<volatile int*>(uintptr_t{0xdead000}) = 1;
  return nullptr;
}
