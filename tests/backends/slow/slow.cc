// Sleeps IN milliseconds before it answers OUT = IN. Looks after no cancellation. IN = -n waits until n executions are
// inside at once, and answers OUT = 0 when they are not within half a minute.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "../common/plugin.h"

namespace {

// Whether `wanted` have come.
bool WaitForOthers(int32_t wanted) {
  static std::mutex mutex;
  static std::condition_variable came;
  static int32_t arrived = 0;
  std::unique_lock lock(mutex);
  const int32_t enough = (arrived / wanted + 1) * wanted;
  ++arrived;
  came.notify_all();
  return came.wait_for(lock, std::chrono::seconds(30), [&] { return arrived >= enough; });
}

int32_t OutFor(int32_t in) {
  if (in < 0) return WaitForOthers(-in) ? in : 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(in));
  return in;
}

}  // namespace

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
    plugin::Ignore(plugin::Answer(requests[i], in, OutFor(in.value)));
    const uint64_t end_ns = now_ns();
    plugin::Ignore(
        TRITONBACKEND_ModelInstanceReportStatistics(instance, requests[i], true, start_ns, start_ns, end_ns, end_ns));
    plugin::Ignore(TRITONBACKEND_ModelInstanceReportBatchStatistics(instance, 1, start_ns, start_ns, end_ns, end_ns));
    plugin::Release(requests[i]);
  }
  return nullptr;
}
