#include "core/trace.h"

#include "capi/handles.h"

using neso::ApiCall;
using neso::InferenceTrace;
using neso::Status;
using neso::TraceOf;

namespace {

Status NewTrace(TRITONSERVER_InferenceTrace** trace, TRITONSERVER_InferenceTraceLevel level, uint64_t parent_id,
                TRITONSERVER_InferenceTraceActivityFn_t activity_fn,
                TRITONSERVER_InferenceTraceTensorActivityFn_t tensor_activity_fn,
                TRITONSERVER_InferenceTraceReleaseFn_t release_fn, void* trace_userp) {
  if (trace == nullptr || activity_fn == nullptr || release_fn == nullptr) {
    return neso::InvalidArg("a trace needs an activity and a release function");
  }
  *trace = new InferenceTrace(level, parent_id, activity_fn, tensor_activity_fn, release_fn, trace_userp);
  return {};
}

}  // namespace

TRITONSERVER_Error* TRITONSERVER_InferenceTraceNew(TRITONSERVER_InferenceTrace** trace,
                                                   TRITONSERVER_InferenceTraceLevel level, uint64_t parent_id,
                                                   TRITONSERVER_InferenceTraceActivityFn_t activity_fn,
                                                   TRITONSERVER_InferenceTraceReleaseFn_t release_fn,
                                                   void* trace_userp) {
  return ApiCall([&]() -> Status {
    if ((static_cast<unsigned>(level) & TRITONSERVER_TRACE_LEVEL_TENSORS) != 0) {
      return neso::InvalidArg("a trace at level TENSORS needs a function for tensors");
    }
    return NewTrace(trace, level, parent_id, activity_fn, nullptr, release_fn, trace_userp);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceTensorNew(
    TRITONSERVER_InferenceTrace** trace, TRITONSERVER_InferenceTraceLevel level, uint64_t parent_id,
    TRITONSERVER_InferenceTraceActivityFn_t activity_fn,
    TRITONSERVER_InferenceTraceTensorActivityFn_t tensor_activity_fn, TRITONSERVER_InferenceTraceReleaseFn_t release_fn,
    void* trace_userp) {
  return ApiCall([&]() -> Status {
    return NewTrace(trace, level, parent_id, activity_fn, tensor_activity_fn, release_fn, trace_userp);
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceReportActivity(TRITONSERVER_InferenceTrace* trace, uint64_t timestamp,
                                                              const char* activity_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, activity_name);
    TraceOf(trace).ReportCustom(activity_name, timestamp);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceDelete(TRITONSERVER_InferenceTrace* trace) {
  delete static_cast<InferenceTrace*>(trace);
  return nullptr;
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceId(TRITONSERVER_InferenceTrace* trace, uint64_t* id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, id);
    *id = TraceOf(trace).id();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceParentId(TRITONSERVER_InferenceTrace* trace, uint64_t* parent_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, parent_id);
    *parent_id = TraceOf(trace).parent_id();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceModelName(TRITONSERVER_InferenceTrace* trace, const char** model_name) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, model_name);
    *model_name = TraceOf(trace).model_name().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceModelVersion(TRITONSERVER_InferenceTrace* trace,
                                                            int64_t* model_version) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, model_version);
    *model_version = TraceOf(trace).model_version();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceRequestId(TRITONSERVER_InferenceTrace* trace, const char** request_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, request_id);
    *request_id = TraceOf(trace).request_id().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceSpawnChildTrace(TRITONSERVER_InferenceTrace* trace,
                                                               TRITONSERVER_InferenceTrace** child_trace) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, child_trace);
    *child_trace = TraceOf(trace).SpawnChild();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceSetContext(TRITONSERVER_InferenceTrace* trace,
                                                          const char* trace_context) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, trace_context);
    TraceOf(trace).set_context(trace_context);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceContext(TRITONSERVER_InferenceTrace* trace, const char** trace_context) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(trace, trace_context);
    *trace_context = TraceOf(trace).context().c_str();
    return {};
  });
}
