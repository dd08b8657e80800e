// Sleeps IN milliseconds before it answers OUT = IN. Looks after no cancellation.
#include <chrono>
#include <thread>

#include "../common/plugin.h"

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                       TRITONBACKEND_Request** requests, const uint32_t request_count) {
  const auto now_ns = [] {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
  };
  for (uint32_t i = 0; i < request_count; ++i) {
    const uint64_t start_ns = now_ns();
    plugin::Tensor in;
    if (TRITONSERVER_Error* error = plugin::ReadInput(requests[i], &in); error != nullptr) {
      plugin::AnswerError(requests[i], error);
      plugin::Release(requests[i]);
      continue;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(in.value));
    plugin::Ignore(plugin::Answer(requests[i], in, in.value));
    const uint64_t end_ns = now_ns();
    plugin::Ignore(
        TRITONBACKEND_ModelInstanceReportStatistics(instance, requests[i], true, start_ns, start_ns, end_ns, end_ns));
    plugin::Ignore(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance, 1, start_ns, start_ns, end_ns, end_ns));
    plugin::Release(requests[i]);
  }
  return nullptr;
}
