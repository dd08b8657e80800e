// The requests that a model makes of other models (business logic scripting): built from what the worker wrote,
// answered into the worker's memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "neso/backend/status.h"
#include "triton/core/tritonserver.h"
#include "worker_memory.h"

namespace neso::python {

class InferenceCall;

// Thread-safe.
class InferenceCalls {
 public:
  InferenceCalls(TRITONSERVER_Server* server, std::shared_ptr<WorkerMemory> memory)
      : server_(server), memory_(std::move(memory)) {}

  // Starts the call `id` that `body` describes; its answers, errors too, are replies. False if the body is not one.
  // `parent`: finds the trace of a request that the worker answers.
  bool Start(uint64_t id, std::span<const std::byte> body,
             const std::function<TRITONSERVER_InferenceTrace*(uint64_t)>& parent);
  void Cancel(uint64_t id);
  void CancelAll();

 private:
  TRITONSERVER_Server* const server_;
  const std::shared_ptr<WorkerMemory> memory_;
  std::mutex mutex_;
  static constexpr size_t kSweepAt = 64;
  size_t sweep_at_ = kSweepAt;
  std::unordered_map<uint64_t, std::weak_ptr<InferenceCall>> calls_;
};

}  // namespace neso::python
