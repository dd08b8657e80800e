// What `neso tune` tries: ways to serve one model, and the order in which they are tried.
//
//   CandidateSearch search(axes, start, /*is_whole=*/false);
//   while (const std::optional<Candidate> candidate = search.Next()) search.Judge(ScoreOf(*candidate));
//   search.best();
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/model_config.pb.h"

namespace neso::perf {

struct Candidate {
  uint64_t instances = 1;
  uint64_t batch = 0;     // the largest that the dynamic batcher makes; 0: there is none
  uint64_t delay_us = 0;  // how long requests wait for others to come

  auto operator<=>(const Candidate&) const = default;
  std::string Text() const;
};

// The values that each part may take.
struct Axes {
  std::vector<uint64_t> instances, batches, delays_us;
};

// How a model is served now.
Candidate CandidateOf(const inference::ModelConfig& config);
// The model, served as the candidate says.
inference::ModelConfig Apply(const inference::ModelConfig& config, const Candidate& candidate);
// The dynamic batcher may serve it.
bool CanBatch(const inference::ModelConfig& config);

// Tries the start first; then either one part after the other, keeping the best of each, or all combinations.
// Confined to a thread.
class CandidateSearch {
 public:
  CandidateSearch(const Axes& axes, const Candidate& start, bool is_whole);

  // None: that was all. Each is to be judged before the next, and comes once.
  std::optional<Candidate> Next();
  // Higher is better.
  void Judge(double score);
  const Candidate& best() const { return best_; }

 private:
  void Propose();

  const Axes axes_;
  const bool is_whole_;
  size_t part_ = 0;  // whose values are proposed next
  std::vector<Candidate> proposed_;
  std::map<Candidate, double> judged_;
  Candidate last_, best_;
};

}  // namespace neso::perf
