// Requests that ask the same at the same time: one is executed, and the others wait for its answer.
//
//   if (flights->Join(key, request)) return {};      // it waits
//   ... execute `request` ...
//   for (auto& waiting : flights->End(key)) ...      // answer them, too
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/once_posted.h"
#include "base/status.h"
#include "cache/cache_key.h"
#include "config/model_config.pb.h"
#include "core/request.h"
#include "core/scheduler.h"

namespace neso {

// The model's parameter that asks for it, "true" or "false".
inline constexpr const char* kSingleFlightParameter = "RESPONSE_CACHE_SINGLE_FLIGHT";
// Error: kInvalidArg for another value.
Expected<bool> WantsSingleFlight(const inference::ModelConfig& config);

// Thread-safe. Who waits is answered or cancelled, whatever becomes of the one that is executed, as long as that one's
// flight is ended.
class SingleFlight : public std::enable_shared_from_this<SingleFlight> {
 public:
  using Requests = std::vector<std::unique_ptr<InferenceRequest>>;

  // `next` would execute them.
  explicit SingleFlight(Scheduler& next) : next_(next) {}

  // Takes `request` if another one of its key is under way; if not, the key is under way from now on and the request is
  // the caller's. It is so, too, where waiting would cost it something: a request of its own timeout, or one more urgent
  // than the one under way, waits for no other; `*leads` says whose End the key waits for.
  bool Join(const CacheKey& key, std::unique_ptr<InferenceRequest>& request, bool* leads);
  // The one under way is answered, or will not be. Returns who waits, in the order in which they came.
  Requests End(const CacheKey& key);
  // Answers those that have been cancelled, soon, on the executor.
  void OnCancel(Executor& executor);

 private:
  struct Flight {
    uint64_t priority;  // of the one under way; 1 is the most urgent
    Requests waiting;
  };

  void AnswerCancelled();

  Scheduler& next_;
  OncePosted sweep_;
  Mutex mutex_;
  std::unordered_map<CacheKey, Flight> flights_ GUARDED_BY(mutex_);
};

}  // namespace neso
