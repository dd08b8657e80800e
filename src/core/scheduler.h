// Decides which instance executes which requests when.
#pragma once

#include <memory>

#include "base/status.h"
#include "core/request.h"

namespace neso {

// Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;  // after Stop, with nothing in flight

  // Takes a validated request. On error (kUnavailable: stopping, queue full) it stays with the caller.
  virtual Status Enqueue(std::unique_ptr<InferenceRequest>& request) = 0;
  // A request that may be waiting here has been cancelled. Must not block; called on the canceller's thread.
  virtual void OnCancel() {}
  // Refuses new requests from now on; what is queued is executed.
  virtual void Stop() = 0;
};

}  // namespace neso
