// What `neso tune` looks for: objectives with their weights, and limits that have to be kept.
//
//   Goal goal;
//   RETURN_IF_ERROR(TakeObjectives("throughput=2,ram", goal));
//   goal.Breach(figures).empty() && goal.Score(figures) > best
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace neso::perf {

// How a candidate does under a load.
struct Figures {
  double throughput = 0;  // inferences a second
  double latency_ms = 0;  // the percentile that counts
  double ram_mib = 0;     // of the server's processes; 0: not known
};

struct Goal {
  double throughput = 1, latency = 0, ram = 0;                        // weights; 0: does not matter
  double latency_budget_ms = 0, min_throughput = 0, max_ram_mib = 0;  // 0: none

  // Higher is better: the weighted geometric mean of what is to be high, and of the reciprocals of what is to be low. A
  // part twice as good counts the same whatever its unit.
  double Score(const Figures& figures) const;
  // Which limit is not kept, for people; empty: all are.
  std::string Breach(const Figures& figures) const;
  bool NeedsRam() const { return ram > 0 || max_ram_mib > 0; }
  // "The most inferences a second with at most 50 ms and 512 MiB"
  std::string Text() const;
};

// "throughput=2,latency,ram=0.5": the weights of `goal`, 1 where none stands; what is not named does not matter. The
// names of Model Analyzer (perf_throughput, perf_latency_p99, cpu_used_ram) mean the same. Error: kInvalidArg.
Status TakeObjectives(std::string_view text, Goal& goal);

}  // namespace neso::perf
