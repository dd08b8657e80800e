// Requests: making them, and what a caller sets besides inputs and outputs.
#include "core/request.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "capi/handles.h"

using neso::ApiCall;
using neso::CorrelationId;
using neso::InferenceRequest;
using neso::RequestOf;
using neso::Status;

TRITONSERVER_Error* TRITONSERVER_InferenceRequestNew(TRITONSERVER_InferenceRequest** inference_request,
                                                     TRITONSERVER_Server* server, const char* model_name,
                                                     const int64_t model_version) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, server, model_name);
    ASSIGN_OR_RETURN(auto model, neso::ServerOf(server).Await(model_name, model_version));
    *inference_request = InferenceRequest::Create(std::move(model), model_version).release();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestDelete(TRITONSERVER_InferenceRequest* inference_request) {
  return ApiCall([&]() -> Status {
    auto* const request = static_cast<InferenceRequest*>(inference_request);
    if (request != nullptr && request->in_flight()) {
      return neso::InvalidArg("the request is not released yet: expected its release callback before it is deleted");
    }
    delete request;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestId(TRITONSERVER_InferenceRequest* inference_request, const char** id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, id);
    *id = RequestOf(inference_request).id().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetId(TRITONSERVER_InferenceRequest* inference_request,
                                                       const char* id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, id);
    RequestOf(inference_request).SetId(id);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestFlags(TRITONSERVER_InferenceRequest* inference_request,
                                                       uint32_t* flags) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, flags);
    *flags = RequestOf(inference_request).flags();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetFlags(TRITONSERVER_InferenceRequest* inference_request,
                                                          uint32_t flags) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).SetFlags(flags);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestCorrelationId(TRITONSERVER_InferenceRequest* inference_request,
                                                               uint64_t* correlation_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, correlation_id);
    const CorrelationId& id = RequestOf(inference_request).correlation_id();
    if (id.is_text()) return neso::InvalidArg("given request's correlation id is not an unsigned int");
    *correlation_id = id.number();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestCorrelationIdString(TRITONSERVER_InferenceRequest* inference_request,
                                                                     const char** correlation_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, correlation_id);
    const CorrelationId& id = RequestOf(inference_request).correlation_id();
    if (!id.is_text()) return neso::InvalidArg("given request's correlation id is not a string");
    *correlation_id = id.text().c_str();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetCorrelationId(TRITONSERVER_InferenceRequest* inference_request,
                                                                  uint64_t correlation_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).SetCorrelationId(CorrelationId(correlation_id));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetCorrelationIdString(
    TRITONSERVER_InferenceRequest* inference_request, const char* correlation_id) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, correlation_id);
    if (std::strlen(correlation_id) > neso::kMaxCorrelationIdBytes) {
      return neso::InvalidArg("string correlation ID cannot be longer than {} characters",
                              neso::kMaxCorrelationIdBytes);
    }
    RequestOf(inference_request).SetCorrelationId(CorrelationId(std::string(correlation_id)));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestCancel(TRITONSERVER_InferenceRequest* inference_request) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).Cancel();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestIsCancelled(TRITONSERVER_InferenceRequest* inference_request,
                                                             bool* is_cancelled) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, is_cancelled);
    *is_cancelled = RequestOf(inference_request).IsCancelled();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestPriority(TRITONSERVER_InferenceRequest* inference_request,
                                                          uint32_t* priority) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, priority);
    constexpr uint64_t kMax = std::numeric_limits<uint32_t>::max();
    *priority = static_cast<uint32_t>(std::min(kMax, RequestOf(inference_request).priority()));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestPriorityUInt64(TRITONSERVER_InferenceRequest* inference_request,
                                                                uint64_t* priority) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, priority);
    *priority = RequestOf(inference_request).priority();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetPriority(TRITONSERVER_InferenceRequest* inference_request,
                                                             uint32_t priority) {
  return TRITONSERVER_InferenceRequestSetPriorityUInt64(inference_request, priority);
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetPriorityUInt64(TRITONSERVER_InferenceRequest* inference_request,
                                                                   uint64_t priority) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).SetPriority(priority);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestTimeoutMicroseconds(TRITONSERVER_InferenceRequest* inference_request,
                                                                     uint64_t* timeout_us) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, timeout_us);
    *timeout_us = RequestOf(inference_request).timeout_us();
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetTimeoutMicroseconds(
    TRITONSERVER_InferenceRequest* inference_request, uint64_t timeout_us) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    RequestOf(inference_request).SetTimeoutMicroseconds(timeout_us);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetReleaseCallback(
    TRITONSERVER_InferenceRequest* inference_request, TRITONSERVER_InferenceRequestReleaseFn_t request_release_fn,
    void* request_release_userp) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request);
    if (request_release_fn == nullptr) return neso::InvalidArg("the release callback must not be null");
    RequestOf(inference_request).SetReleaseCallback(request_release_fn, request_release_userp);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetResponseCallback(
    TRITONSERVER_InferenceRequest* inference_request, TRITONSERVER_ResponseAllocator* response_allocator,
    void* response_allocator_userp, TRITONSERVER_InferenceResponseCompleteFn_t response_fn, void* response_userp) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(inference_request, response_allocator);
    if (response_fn == nullptr) return neso::InvalidArg("the response callback must not be null");
    RequestOf(inference_request)
        .SetResponseCallback(&neso::AllocatorOf(response_allocator), response_allocator_userp, response_fn,
                             response_userp);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetStringParameter(TRITONSERVER_InferenceRequest* request,
                                                                    const char* key, const char* value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, key, value);
    RequestOf(request).AddParameter(key, std::string(value));
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetIntParameter(TRITONSERVER_InferenceRequest* request,
                                                                 const char* key, const int64_t value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, key);
    RequestOf(request).AddParameter(key, value);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetBoolParameter(TRITONSERVER_InferenceRequest* request,
                                                                  const char* key, const bool value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, key);
    RequestOf(request).AddParameter(key, value);
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_InferenceRequestSetDoubleParameter(TRITONSERVER_InferenceRequest* request,
                                                                    const char* key, const double value) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(request, key);
    RequestOf(request).AddParameter(key, value);
    return {};
  });
}
