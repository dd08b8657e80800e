// A decoupled model: sends OUT = 0, 1, ... IN - 1, one response each, then the final flag alone. The request is
// released before the first response. IN < 0 is answered by an error.
#include <chrono>

#include "../common/plugin.h"

namespace {

uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

void ReportResponse(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_ResponseFactory* factory, uint64_t start_ns,
                    uint64_t output_start_ns, TRITONSERVER_Error* error) {
  TRITONBACKEND_ModelInstanceResponseStatistics* statistics = nullptr;
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsNew(&statistics));
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsSetModelInstance(statistics, instance));
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseFactory(statistics, factory));
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseStart(statistics, start_ns));
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsSetComputeOutputStart(statistics, output_start_ns));
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseEnd(statistics, NowNs()));
  if (error != nullptr) {
    plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsSetError(statistics, error));
  }
  plugin::Ignore(TRITONBACKEND_ModelInstanceReportResponseStatistics(statistics));
  plugin::Ignore(TRITONBACKEND_ModelInstanceResponseStatisticsDelete(statistics));
}

void SendAll(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_ResponseFactory* factory, const plugin::Tensor& in) {
  for (int32_t value = 0; value < in.value; ++value) {
    const uint64_t start_ns = NowNs();
    TRITONBACKEND_Response* response = nullptr;
    plugin::Ignore(TRITONBACKEND_ResponseNewFromFactory(&response, factory));
    const uint64_t output_start_ns = NowNs();
    plugin::Ignore(plugin::SendValue(response, in, value, 0));
    ReportResponse(instance, factory, start_ns, output_start_ns, nullptr);
  }
  plugin::Ignore(TRITONBACKEND_ResponseFactorySendFlags(factory, TRITONSERVER_RESPONSE_COMPLETE_FINAL));
}

void SendError(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_ResponseFactory* factory) {
  const uint64_t start_ns = NowNs();
  TRITONSERVER_Error* error = TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_INVALID_ARG, "IN must not be negative");
  TRITONBACKEND_Response* response = nullptr;
  plugin::Ignore(TRITONBACKEND_ResponseNewFromFactory(&response, factory));
  plugin::Ignore(TRITONBACKEND_ResponseSend(response, TRITONSERVER_RESPONSE_COMPLETE_FINAL, error));
  ReportResponse(instance, factory, start_ns, start_ns, error);
  plugin::Ignore(error);
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    const uint64_t start_ns = NowNs();
    plugin::Tensor in;
    plugin::Ignore(plugin::ReadInput(requests[i], &in));
    const int64_t shape[] = {1, 1};
    in.shape = shape;  // the request's own goes with it
    TRITONBACKEND_ResponseFactory* factory = nullptr;
    plugin::Ignore(TRITONBACKEND_ResponseFactoryNew(&factory, requests[i]));
    const uint64_t now_ns = NowNs();
    plugin::Ignore(
        TRITONBACKEND_ModelInstanceReportStatistics(instance, requests[i], true, start_ns, start_ns, now_ns, now_ns));
    plugin::Release(requests[i]);
    if (in.value < 0) {
      SendError(instance, factory);
    } else {
      SendAll(instance, factory, in);
    }
    plugin::Ignore(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance, 1, start_ns, start_ns, now_ns, now_ns));
    plugin::Ignore(TRITONBACKEND_ResponseFactoryDelete(factory));
  }
  return nullptr;
}
