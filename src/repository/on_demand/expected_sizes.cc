#include "repository/on_demand/expected_sizes.h"

#include <algorithm>
#include <bit>

namespace neso {
namespace {

// The largest of so many of a kind is what the next one is expected to take.
constexpr size_t kRecent = 8;
// Below it a model's size has little to do with that of its files.
constexpr uint64_t kSmallFiles = 64 * 1024;

MemoryUse Scaled(const MemoryUse& use, double factor) {
  const auto scaled = [factor](int64_t bytes) { return static_cast<int64_t>(static_cast<double>(bytes) * factor); };
  MemoryUse result{.host = scaled(use.host)};
  for (const auto& [gpu, bytes] : use.gpus) result.gpus[gpu] = scaled(bytes);
  return result;
}

}  // namespace

ExpectedSizes::Kind ExpectedSizes::KindOf(const LoadCandidate& candidate) {
  return {candidate.backend, std::bit_width(std::max(candidate.file_bytes, kSmallFiles)) / 2};
}

Expectation ExpectedSizes::Of(const LoadCandidate& candidate) const {
  const auto measured = measured_.find(candidate.id);
  if (measured != measured_.end() && measured->second.fingerprint == candidate.fingerprint) {
    return {.use = measured->second.use, .is_measured = true};
  }
  Expectation guess{.use = OfFiles(candidate)};
  const auto like = recent_.find(KindOf(candidate));
  if (like == recent_.end()) return guess;
  const auto files = [](uint64_t bytes) { return static_cast<double>(std::max(bytes, kSmallFiles)); };
  for (const Taken& taken : like->second) {
    guess.use = Larger(guess.use, Scaled(taken.use, files(candidate.file_bytes) / files(taken.file_bytes)));
  }
  return guess;
}

void ExpectedSizes::Note(const LoadCandidate& candidate, const MemoryUse& taken) {
  measured_[candidate.id] = {candidate.fingerprint, taken};
  std::deque<Taken>& recent = recent_[KindOf(candidate)];
  recent.push_back({candidate.file_bytes, taken});
  if (recent.size() > kRecent) recent.pop_front();
}

}  // namespace neso
