// The C ABI's opaque structs, as empty bases of our own types.
//
// A plug-in sees `TRITONBACKEND_Request*`, we see `InferenceRequest*`; since the class derives from the struct, both
// casts are ordinary static_casts, checked by the compiler, and the ABI's callback types are used inside the core as
// they are. Only this file defines the structs.
#pragma once

#include "triton/core/tritonbackend.h"
#include "triton/core/tritoncache.h"
#include "triton/core/tritonrepoagent.h"
#include "triton/core/tritonserver.h"

struct TRITONSERVER_BufferAttributes {};
struct TRITONSERVER_Error {};
struct TRITONSERVER_InferenceRequest {};
struct TRITONSERVER_InferenceResponse {};
struct TRITONSERVER_InferenceTrace {};
struct TRITONSERVER_Message {};
struct TRITONSERVER_Metrics {};
struct TRITONSERVER_Parameter {};
struct TRITONSERVER_ResponseAllocator {};
struct TRITONSERVER_Server {};
struct TRITONSERVER_ServerOptions {};
struct TRITONSERVER_Metric {};
struct TRITONSERVER_MetricFamily {};
struct TRITONSERVER_MetricArgs {};
struct TRITONBACKEND_MemoryManager {};
struct TRITONBACKEND_Input {};
struct TRITONBACKEND_Output {};
struct TRITONBACKEND_State {};
struct TRITONBACKEND_Request {};
struct TRITONBACKEND_ResponseFactory {};
struct TRITONBACKEND_Response {};
struct TRITONBACKEND_Backend {};
struct TRITONBACKEND_Model {};
struct TRITONBACKEND_ModelInstance {};
struct TRITONBACKEND_ModelInstanceResponseStatistics {};
struct TRITONBACKEND_BackendAttribute {};
struct TRITONBACKEND_Batcher {};
struct TRITONCACHE_Cache {};
struct TRITONCACHE_CacheEntry {};
struct TRITONCACHE_Allocator {};
struct TRITONREPOAGENT_Agent {};
struct TRITONREPOAGENT_AgentModel {};
