#include "cache/single_flight.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/model_parameter.h"

namespace neso {

Expected<bool> WantsSingleFlight(const inference::ModelConfig& config) {
  const std::string* const value = FindParameter(config, kSingleFlightParameter);
  if (value == nullptr) return false;
  if (*value != "true" && *value != "false") {
    return InvalidArg("model '{}': parameter '{}': expected 'true' or 'false', got '{}'", config.name(),
                      kSingleFlightParameter, *value);
  }
  return *value == "true";
}

bool SingleFlight::Join(const CacheKey& key, std::unique_ptr<InferenceRequest>& request, bool* leads) {
  InferenceRequest& r = *request;
  MutexLock lock(mutex_);
  const auto [found, is_first] = flights_.try_emplace(key, Flight{.priority = r.priority(), .waiting = {}});
  *leads = is_first;
  if (is_first || r.timeout_us() != 0 || r.priority() < found->second.priority || r.IsCancelled()) return false;
  next_.TakeTurn(r.shared_response_factory());
  found->second.waiting.push_back(std::move(request));
  return true;
}

SingleFlight::Requests SingleFlight::End(const CacheKey& key) {
  MutexLock lock(mutex_);
  const auto found = flights_.find(key);
  if (found == flights_.end()) return {};
  Requests waiting = std::move(found->second.waiting);
  flights_.erase(found);
  return waiting;
}

void SingleFlight::OnCancel(Executor& executor) {
  sweep_.Post(executor, [self = shared_from_this()] { self->AnswerCancelled(); });
}

void SingleFlight::AnswerCancelled() {
  Requests cancelled;
  {
    MutexLock lock(mutex_);
    for (auto& [key, flight] : flights_) {
      const auto first = std::stable_partition(flight.waiting.begin(), flight.waiting.end(),
                                               [](const auto& request) { return !request->IsCancelled(); });
      cancelled.insert(cancelled.end(), std::make_move_iterator(first), std::make_move_iterator(flight.waiting.end()));
      flight.waiting.erase(first, flight.waiting.end());
    }
  }
  for (std::unique_ptr<InferenceRequest>& request : cancelled) {
    InferenceRequest::RespondAndRelease(std::move(request), Cancelled("Request cancelled"),
                                        InferenceRequest::FailureReason::kCanceled);
  }
}

}  // namespace neso
