// Where the sequences of one instance run.
#pragma once

#include <cstddef>

#include "core/instance.h"
#include "core/request.h"

namespace neso {

// Thread-safe. Holds at most one request of each of its slots' sequences at a time: the next one comes when that has
// been released.
class SequenceLane {
 public:
  virtual ~SequenceLane() = default;

  // Takes a request of the sequence in `slot`, with its controls. It comes back by its release. The request may be gone
  // when this returns, and with it what keeps the lane. `again`: it was here before, and has been released to come
  // again.
  virtual void Accept(size_t slot, InferenceRequest* request, bool again) = 0;
  // A request that may be waiting here has been cancelled. Must not block.
  virtual void OnCancel() = 0;
  // Nothing more comes that a batch could wait for.
  virtual void Stop() = 0;
  // No sequence is here any more; waits until the instance has finished executing.
  virtual void Retire() = 0;
  // The scheduler goes: a slot that runs may keep the lane after what the context names is gone.
  virtual void Close() = 0;
};

}  // namespace neso
