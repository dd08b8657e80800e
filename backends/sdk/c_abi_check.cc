// Compiles the headers of the C interface as C++ and holds their numbers; nothing of it runs.
#include "triton/core/tritonbackend.h"
#include "triton/core/tritoncache.h"
#include "triton/core/tritonrepoagent.h"
#include "triton/core/tritonserver.h"

#define CHECK_NUMBER(name, number) static_assert((int)(name) == (number), #name)
#include "c_abi_numbers.inc"

static_assert(sizeof(TRITONSERVER_DataType) == 4, "enumerations cross the border as 32 bits");
