// Decides which instance executes which requests when.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "core/request.h"

namespace neso {

class ModelInstance;

// Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;  // after Stop, with nothing in flight

  // Takes a validated request. On error (kUnavailable: stopping, queue full) it stays with the caller.
  virtual Status Enqueue(std::unique_ptr<InferenceRequest>& request) = 0;
  // Where answers keep the order of requests, this one's has its place from now on: it will be answered by somebody else,
  // or comes later.
  virtual void TakeTurn(const std::shared_ptr<ResponseFactory>& factory) {}
  // A request that may be waiting here has been cancelled. Must not block; called on the canceller's thread.
  virtual void OnCancel() {}
  // Requests of a sequence that has begun are still to come, so the model should stay.
  virtual bool HasOpenSequences() const { return false; }
  // Refuses new requests from now on; what is queued is executed.
  virtual void Stop() = 0;
  // The instances to use from now on, at least one; waits until those that are not among them have finished executing.
  // Error: kUnsupported from a scheduler that has none.
  virtual Status UpdateInstances(const std::vector<ModelInstance*>& instances) {
    return Unsupported("the model's scheduler cannot change its instances while it runs");
  }
};

// What a scheduler says to who comes after Stop.
inline Status RefusedByStop(const InferenceRequest& request) {
  return Unavailable("{}Server is stopping, scheduler for model has stopped accepting new inference requests",
                     request.LogPrefix());
}

}  // namespace neso
