// Sorts waiting requests by a parameter of theirs that the model's configuration names (BATCH_KEY_PARAMETER): only those
// with the same value share a batch. Those without it are of one kind, too.
//
//   for (std::span<const size_t> alike : keys.Sort(window)) ...   // indexes of window
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/types.h"
#include "schedule/request_queue.h"

namespace neso {

// Thread-compatible.
class BatchKeys {
 public:
  explicit BatchKeys(std::string parameter) : parameter_(std::move(parameter)) {}

  // Each key's requests in the order in which they stand in `window`; first the key of the first one. Valid until the
  // next call.
  std::span<const std::vector<size_t>> Sort(std::span<const RequestQueue::Entry> window);

 private:
  // Null: the request does not say.
  const ParameterValue* KeyOf(const InferenceRequest& request) const;

  struct Hash {
    size_t operator()(const ParameterValue* key) const {
      return key == nullptr ? 0 : std::hash<ParameterValue>()(*key);
    }
  };
  struct Equal {
    bool operator()(const ParameterValue* a, const ParameterValue* b) const {
      return a == nullptr || b == nullptr ? a == b : *a == *b;
    }
  };

  const std::string parameter_;
  std::unordered_map<const ParameterValue*, size_t, Hash, Equal> known_;  // of the present call
  std::vector<std::vector<size_t>> groups_;                               // kept for their capacity
};

}  // namespace neso
