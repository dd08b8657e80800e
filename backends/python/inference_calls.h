// The requests that a model makes of other models (business logic scripting): built from what the worker wrote, answered
// into the worker's memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>

#include "channel.h"
#include "neso/backend/status.h"
#include "segment.h"
#include "slab.h"
#include "triton/core/tritonserver.h"

namespace neso::python {

// What a call needs of its worker; lives until the last call is over, also when the worker is gone.
struct CallerMemory {
  std::unique_ptr<Segment> segment;
  std::unique_ptr<Slab> slab;
  std::unique_ptr<Channel> channel;
};

class InferenceCall;

// Thread-safe.
class InferenceCalls {
 public:
  InferenceCalls(TRITONSERVER_Server* server, std::shared_ptr<CallerMemory> memory)
      : server_(server), memory_(std::move(memory)) {}

  // Starts the call `id` that `body` describes; its answers, errors too, are replies. False if the body is not one.
  // `parent`: finds the trace of a request that the worker answers.
  bool Start(uint64_t id, std::span<const std::byte> body,
             const std::function<TRITONSERVER_InferenceTrace*(uint64_t)>& parent);
  void Cancel(uint64_t id);
  void CancelAll();

 private:
  TRITONSERVER_Server* const server_;
  const std::shared_ptr<CallerMemory> memory_;
  std::mutex mutex_;
  static constexpr size_t kSweepAt = 64;
  size_t sweep_at_ = kSweepAt;
  std::unordered_map<uint64_t, std::weak_ptr<InferenceCall>> calls_;
};

// Sends a body as a reply. False if there is no room for it: then the reply is an error.
bool ReplyWith(const CallerMemory& memory, uint64_t call, uint32_t flags, std::span<const std::byte> body);
void ReplyWithText(const CallerMemory& memory, uint64_t call, uint32_t flags, std::string_view text);
void ReplyWithStatus(const CallerMemory& memory, uint64_t call, const backend::Status& status);

}  // namespace neso::python
