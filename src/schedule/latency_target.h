// The policy of a latency target: how large batches are and whether the batcher waits for more, so that the 99th percentile
// of latencies stays under the target with the most throughput. Found while serving, from what was seen.
//
// Pure functions: no clock, no lock, no queue. Source: model configuration, parameter LATENCY_TARGET_MICROSECONDS.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace neso {

struct BatchTuning {
  uint32_t max_rows = 1;  // a batch of so many goes at once, and is no larger
  Nanoseconds delay{0};   // or else when the oldest request has waited so long
  bool operator==(const BatchTuning&) const = default;
};

// What was seen of requests that ended under one tuning.
struct LatencyWindow {
  Nanoseconds p99{0};                // from the queue's entrance to the end of the execution
  Nanoseconds longest_execution{0};  // of a batch
  uint32_t largest_batch = 0;        // rows
  double typical_batch = 0;          // rows of the batch that the average row was in
  double rows_at_once = 0;           // that waited or were executed, on average
  double waited = 0;                 // the part of the requests that had to wait for an instance
  double late = 0;                   // and of those that took longer than the target
  double rows_per_s = 0;             // throughput
  double rows_per_busy_s = 0;        // of a second of execution: what an instance can do
  double smaller_per_busy_s = 0;     // the same of batches of SmallerRows, as known from any time; 0: not known
};

// What a trial of smaller batches would limit them to.
uint32_t SmallerRows(const BatchTuning& tuning, double typical_batch);

// Where the search for the best tuning stands. Now and then something else is tried for a window; what has paid is kept, and
// tried once more in the same direction. What has not is tried more and more seldom: the requests of trials must not be what
// makes the 99th percentile.
struct TuningSearch {
  enum class Trial : uint8_t { kNone, kSmallerBatches, kLargerBatches, kWaiting, kNoWaiting };
  BatchTuning tuning;
  Trial trial = Trial::kNone;  // what the tuning is a trial of
  Trial upcoming = Trial::kWaiting;
  BatchTuning before;          // the trial
  LatencyWindow seen_before;   // the trial
  uint32_t rows_unwaited = 1;  // max_rows where nobody waits
  uint32_t rests = 0;          // windows without a trial from here on
  uint32_t rests_after = 0;    // the last trial
};

// From the configured delay, and batches of full size.
TuningSearch FirstTuning(Nanoseconds target, uint32_t max_batch_size, Nanoseconds configured_delay);

//  - Sizes: smaller batches pay if an instance gets more done by them, larger ones unless it gets less done. Nothing else
//    does: a batch is as large as what has gathered during the one before, so that a limit below what instances do best
//    makes requests wait for longer, not shorter. Therefore smaller ones that are known to do less are not tried.
//  - Waiting for longer than an execution lets clients that wait for their answers come back together. It pays if throughput
//    grows by it; so it is tried where all instances are busy. It is for as many rows as there were at once: a batch of all
//    clients goes at once.
//  - Not waiting pays unless throughput shrinks.
//  - What makes requests late is taken back, a trial or waiting; what ends their lateness pays unless something shrinks.
TuningSearch NextTuning(const TuningSearch& search, const LatencyWindow& seen, Nanoseconds target,
                        uint32_t max_batch_size);

}  // namespace neso
