// The times of one execution, which the server shows in its statistics and metrics. Execution (execution.h) keeps one
// and reports it; a decoupled backend reports each response with ReportResponse().
#pragma once

#include <chrono>
#include <cstdint>

#include "neso/backend/log.h"
#include "neso/backend/response.h"
#include "neso/backend/status.h"
#include "triton/core/tritonbackend.h"

namespace neso::backend {

// Nanoseconds of the steady clock, as the server counts them.
inline uint64_t NowNs() {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

// Input is gathered from exec_start to compute_start, output scattered from compute_end to exec_end.
struct ExecutionTimes {
  uint64_t exec_start_ns = 0;
  uint64_t compute_start_ns = 0;
  uint64_t compute_end_ns = 0;
  uint64_t exec_end_ns = 0;

  // Once for each request, before its release.
  void ReportRequest(TRITONBACKEND_ModelInstance* instance, TRITONBACKEND_Request* request, bool success) const {
    NESO_LOG_IF_ERROR(TRITONBACKEND_ModelInstanceReportStatistics(instance, request, success, exec_start_ns,
                                                                  compute_start_ns, compute_end_ns, exec_end_ns),
                      "cannot report statistics of a request");
  }
  // Once for each execution; `batch_size` sums that of all requests.
  void ReportBatch(TRITONBACKEND_ModelInstance* instance, uint64_t batch_size) const {
    NESO_LOG_IF_ERROR(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance, batch_size, exec_start_ns,
                                                                       compute_start_ns, compute_end_ns, exec_end_ns),
                      "cannot report statistics of an execution");
  }
};

struct ResponseTimes {
  uint64_t start_ns = 0;
  uint64_t compute_output_start_ns = 0;  // 0: the response is empty
  uint64_t end_ns = 0;
};

// One response of a decoupled model; `error` is what was sent, nullptr for success.
inline Status ReportResponse(TRITONBACKEND_ModelInstance* instance, const ResponseFactory& factory,
                             const ResponseTimes& times, TRITONSERVER_Error* error = nullptr) {
  TRITONBACKEND_ModelInstanceResponseStatistics* statistics = nullptr;
  NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsNew(&statistics));
  const auto fill = [&]() -> Status {
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetModelInstance(statistics, instance));
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseFactory(statistics, factory.handle()));
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseStart(statistics, times.start_ns));
    NESO_RETURN_IF_ERROR(
        TRITONBACKEND_ModelInstanceResponseStatisticsSetComputeOutputStart(statistics, times.compute_output_start_ns));
    NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseEnd(statistics, times.end_ns));
    if (error != nullptr) {
      NESO_RETURN_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsSetError(statistics, error));
    }
    return TRITONBACKEND_ModelInstanceReportResponseStatistics(statistics);
  };
  Status reported = fill();
  NESO_LOG_IF_ERROR(TRITONBACKEND_ModelInstanceResponseStatisticsDelete(statistics),
                    "cannot delete response statistics");
  return reported;
}

}  // namespace neso::backend
