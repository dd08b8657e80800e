// Returns from Execute at once; a thread of its own answers OUT = IN and releases the request long after its response
// was sent.
#include <atomic>
#include <chrono>
#include <thread>

#include "../common/plugin.h"

namespace {

constexpr std::chrono::milliseconds kDelay(50);
// Of all instances: they finalise only when nothing of theirs runs, and waiting for a little more does no harm.
std::atomic<int> running{0};

void AnswerThenRelease(TRITONBACKEND_Request* request) {
  plugin::Tensor in;
  if (TRITONSERVER_Error* error = plugin::ReadInput(request, &in); error != nullptr) {
    plugin::AnswerError(request, error);
  } else {
    plugin::Ignore(plugin::Answer(request, in, in.value));
  }
  std::this_thread::sleep_for(kDelay);
  // The input is still there: the request is ours until its release.
  plugin::Tensor again;
  plugin::Ignore(plugin::ReadInput(request, &again));
  plugin::Release(request);
  --running;
}

}  // namespace

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*, TRITONBACKEND_Request** requests,
                                                       const uint32_t request_count) {
  for (uint32_t i = 0; i < request_count; ++i) {
    ++running;
    std::thread(AnswerThenRelease, requests[i]).detach();
  }
  return nullptr;
}

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance*) {
  while (running > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return nullptr;
}
