// TRITONBACKEND_* functions that report what an instance did.
#include <optional>

#include "backend/backend_api.h"
#include "base/clock.h"
#include "core/trace.h"

namespace neso {
namespace {

// TRITONBACKEND_ModelInstanceResponseStatistics: what is known of one response; all but the error is needed to report
// it.
struct ResponseReport final : TRITONBACKEND_ModelInstanceResponseStatistics {
  BackendInstance* instance = nullptr;
  ResponseFactoryHandle* factory = nullptr;
  std::optional<uint64_t> start_ns;
  std::optional<uint64_t> output_start_ns;
  std::optional<uint64_t> end_ns;
  Status error;
};

ResponseReport& AsReport(TRITONBACKEND_ModelInstanceResponseStatistics* handle) {
  return *static_cast<ResponseReport*>(handle);
}

StatisticsShard::ResponseKind KindOf(const ResponseReport& report) {
  if (!report.error.ok()) {
    return report.error.code() == StatusCode::kCancelled ? StatisticsShard::ResponseKind::kCancel
                                                         : StatisticsShard::ResponseKind::kFail;
  }
  return report.output_start_ns.value_or(0) == 0 ? StatisticsShard::ResponseKind::kEmpty
                                                 : StatisticsShard::ResponseKind::kSuccess;
}

// The backend says the four times at once, after the fact.
void TraceExecution(const InferenceRequest& request, const ExecutionTimes& times) {
  InferenceTrace* trace = request.trace();
  if (trace == nullptr) return;
  trace->Report(TRITONSERVER_TRACE_COMPUTE_START, times.exec_start);
  trace->Report(TRITONSERVER_TRACE_COMPUTE_INPUT_END, times.compute_start);
  trace->Report(TRITONSERVER_TRACE_COMPUTE_OUTPUT_START, times.compute_end);
  trace->Report(TRITONSERVER_TRACE_COMPUTE_END, times.exec_end);
}

}  // namespace
}  // namespace neso

using namespace neso;

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportStatistics(TRITONBACKEND_ModelInstance* instance,
                                                                TRITONBACKEND_Request* request, const bool success,
                                                                const uint64_t exec_start_ns,
                                                                const uint64_t compute_start_ns,
                                                                const uint64_t compute_end_ns,
                                                                const uint64_t exec_end_ns) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance, request);
    const InferenceRequest& reported = AsRequest(request);
    if (reported.is_null()) return {};
    const ExecutionTimes times{exec_start_ns, compute_start_ns, compute_end_ns, exec_end_ns};
    TraceExecution(reported, times);
    StatisticsShard& statistics = AsInstance(instance).statistics();
    if (success) {
      // A backend that knows when it ended has just looked at the clock.
      const bool has_end = exec_end_ns > reported.start_ns();
      statistics.RecordSuccess(reported, times, has_end ? exec_end_ns : SteadyNanoseconds());
    } else {
      statistics.RecordFailure(reported.start_ns(), SteadyNanoseconds(), InferenceRequest::FailureReason::kBackend,
                               reported.trace_key());
    }
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportBatchStatistics(
    TRITONBACKEND_ModelInstance* instance, const uint64_t batch_size, const uint64_t exec_start_ns,
    const uint64_t compute_start_ns, const uint64_t compute_end_ns, const uint64_t exec_end_ns) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(instance);
    AsInstance(instance).statistics().RecordBatch(batch_size,
                                                  {exec_start_ns, compute_start_ns, compute_end_ns, exec_end_ns});
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsNew(
    TRITONBACKEND_ModelInstanceResponseStatistics** response_statistics) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics);
    *response_statistics = new ResponseReport();
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsDelete(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics) {
  return ApiCall([&]() -> Status {
    delete static_cast<ResponseReport*>(response_statistics);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetModelInstance(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics, TRITONBACKEND_ModelInstance* model_instance) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics, model_instance);
    AsReport(response_statistics).instance = &AsInstance(model_instance);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseFactory(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics,
    TRITONBACKEND_ResponseFactory* response_factory) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics, response_factory);
    AsReport(response_statistics).factory = &AsFactory(response_factory);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseStart(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics, uint64_t response_start) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics);
    AsReport(response_statistics).start_ns = response_start;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetComputeOutputStart(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics, uint64_t compute_output_start) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics);
    AsReport(response_statistics).output_start_ns = compute_output_start;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseEnd(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics, uint64_t response_end) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics);
    AsReport(response_statistics).end_ns = response_end;
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetError(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics, TRITONSERVER_Error* error) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics);
    AsReport(response_statistics).error = StatusOf(error);
    return {};
  });
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportResponseStatistics(
    TRITONBACKEND_ModelInstanceResponseStatistics* response_statistics) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(response_statistics);
    const ResponseReport& report = AsReport(response_statistics);
    if (report.instance == nullptr) return InvalidArg("response statistics need a model instance");
    if (report.factory == nullptr) return InvalidArg("response statistics need a response factory");
    if (!report.start_ns) return InvalidArg("response statistics need the time when the response began");
    if (!report.end_ns) return InvalidArg("response statistics need the time when the response ended");
    report.instance->statistics().RecordResponse(report.factory->factory->NextResponseIndex(), KindOf(report),
                                                 *report.start_ns, report.output_start_ns.value_or(0), *report.end_ns);
    return {};
  });
}
