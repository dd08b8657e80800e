// The requests that a worker may still answer: those of the batch that runs, and those whose answers come through a
// response sender, possibly long after the batch.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

#include "neso/backend/request.h"
#include "neso/backend/response.h"
#include "neso/backend/statistics.h"
#include "response_decoder.h"

namespace neso::python {

// Thread-safe; the batch belongs to the thread that executes it, which waits while others look at it.
class OpenRequests {
 public:
  using Clock = std::chrono::steady_clock;

  OpenRequests(TRITONBACKEND_ModelInstance* instance, std::shared_ptr<WorkerMemory> memory)
      : instance_(instance), sendable_{.memory = std::move(memory)} {}

  // The requests from `first_id` on may be answered through senders, until EndBatch().
  void BeginBatch(std::span<backend::Request> requests, uint64_t first_id, Clock::time_point now);
  // Afterwards only those that Keep() took are open.
  void EndBatch();
  // Makes a factory, so that answers may come after the request's release. The request must be of the batch.
  backend::Status Keep(uint64_t id);

  // `response`: nullptr sends flags only.
  backend::Status Send(uint64_t id, WorkerResponse* response, bool final);
  // Nobody will answer `id` any more.
  void Close(uint64_t id);
  bool IsCancelled(uint64_t id);
  // Of a request of the batch; nullptr if there is none.
  TRITONSERVER_InferenceTrace* Trace(uint64_t id);
  // Ends the answer to a request of the batch with `error`, if it is open.
  void FailOne(uint64_t id, const backend::Status& error);
  // Gives a request of the batch back to its scheduler, which will bring it again; its answer stays open.
  backend::Status Reschedule(uint64_t id);
  // Ends every answer that is open with `error`.
  void Fail(const backend::Status& error);

  // Since when what has waited longest has got no answer: the batch as a whole, whose requests may be answered one
  // after the other, and each request that is open without it. Nothing if nothing is open.
  std::optional<Clock::time_point> WaitingSince();

 private:
  struct Kept {
    std::shared_ptr<backend::ResponseFactory> factory;
    Clock::time_point since;  // its last answer, or the end of its batch
  };

  bool IsOfBatch(uint64_t id) const { return id - first_id_ < batch_.size(); }
  backend::Request* InBatch(uint64_t id);
  std::shared_ptr<backend::ResponseFactory> Take(uint64_t id);
  static void SendError(const backend::ResponseFactory& factory, const backend::Status& error);
  backend::Status SendFlags(backend::ResponseFactory& factory, bool final) const;
  backend::Status SendOne(const backend::ResponseFactory& factory, WorkerResponse& from, bool final) const;
  backend::Status Report(const backend::ResponseFactory& factory, backend::ResponseTimes times,
                         TRITONSERVER_Error* error, backend::Status sent) const;

  TRITONBACKEND_ModelInstance* const instance_;
  const Sendable sendable_;
  std::mutex mutex_;
  std::span<backend::Request> batch_;
  uint64_t first_id_ = 0;
  Clock::time_point batch_since_;  // its beginning, or the last answer to a request of it
  std::unordered_map<uint64_t, Kept> kept_;
};

}  // namespace neso::python
