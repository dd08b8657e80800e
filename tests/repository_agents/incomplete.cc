// A library that calls itself a repository agent and is none.
#include "triton/core/tritonrepoagent.h"

extern "C" TRITONSERVER_Error* TRITONREPOAGENT_Initialize(TRITONREPOAGENT_Agent*) { return nullptr; }
