#include "perf/tune/candidate.h"

#include <fmt/format.h>

#include <algorithm>

namespace neso::perf {
namespace {

constexpr size_t kParts = 3;

}  // namespace

std::string Candidate::Text() const {
  const std::string batching =
      batch == 0 ? "no dynamic batching" : fmt::format("batches up to {}, {} us of delay", batch, delay_us);
  return fmt::format("{} {}, {}", instances, instances == 1 ? "instance" : "instances", batching);
}

bool CanBatch(const inference::ModelConfig& config) {
  return config.max_batch_size() > 0 && !config.has_sequence_batching() && !config.has_ensemble_scheduling();
}

Candidate CandidateOf(const inference::ModelConfig& config) {
  Candidate candidate;
  uint64_t instances = 0;
  for (const auto& group : config.instance_group()) instances += static_cast<uint64_t>(std::max(group.count(), 1));
  candidate.instances = std::max<uint64_t>(instances, 1);
  if (!config.has_dynamic_batching()) return candidate;
  candidate.batch = static_cast<uint64_t>(config.max_batch_size());
  candidate.delay_us = config.dynamic_batching().max_queue_delay_microseconds();
  return candidate;
}

inference::ModelConfig Apply(const inference::ModelConfig& config, const Candidate& candidate) {
  inference::ModelConfig changed = config;
  if (changed.instance_group().empty()) changed.add_instance_group();
  changed.mutable_instance_group()->DeleteSubrange(1, changed.instance_group_size() - 1);
  changed.mutable_instance_group(0)->set_count(static_cast<int>(candidate.instances));
  if (!CanBatch(config)) return changed;
  if (candidate.batch == 0) {
    changed.clear_dynamic_batching();
    return changed;
  }
  changed.set_max_batch_size(static_cast<int>(candidate.batch));
  auto& batching = *changed.mutable_dynamic_batching();
  batching.clear_preferred_batch_size();
  batching.set_max_queue_delay_microseconds(candidate.delay_us);
  return changed;
}

CandidateSearch::CandidateSearch(const Axes& axes, const Candidate& start, bool is_whole)
    : axes_(axes), is_whole_(is_whole), proposed_{start}, last_(start), best_(start) {}

std::optional<Candidate> CandidateSearch::Next() {
  while (true) {
    while (!proposed_.empty()) {
      last_ = proposed_.front();
      proposed_.erase(proposed_.begin());
      if (!judged_.contains(last_)) return last_;
    }
    if (part_ == kParts) return std::nullopt;
    Propose();
  }
}

void CandidateSearch::Judge(double score) {
  judged_[last_] = score;
  if (score > judged_[best_]) best_ = last_;
}

// A delay without a batcher is none.
void CandidateSearch::Propose() {
  const auto propose = [this](Candidate candidate) {
    if (candidate.batch == 0) candidate.delay_us = 0;
    proposed_.push_back(candidate);
  };
  if (is_whole_) {
    part_ = kParts;
    for (const uint64_t instances : axes_.instances) {
      for (const uint64_t batch : axes_.batches) {
        for (const uint64_t delay_us : axes_.delays_us) propose({instances, batch, delay_us});
      }
    }
    return;
  }
  switch (part_++) {
    case 0:
      for (const uint64_t instances : axes_.instances) propose({instances, best_.batch, best_.delay_us});
      return;
    case 1:
      for (const uint64_t batch : axes_.batches) propose({best_.instances, batch, best_.delay_us});
      return;
    default:
      for (const uint64_t delay_us : axes_.delays_us) propose({best_.instances, best_.batch, delay_us});
  }
}

}  // namespace neso::perf
