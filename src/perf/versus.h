// Two servers, window by window in turn, so that what the machine does meanwhile does not favour one of them.
//
//   ASSIGN_OR_RETURN(const Comparison comparison, CompareAt(16, options, *first, *second));
//   Say(ComparisonText(options, comparison));
#pragma once

#include <span>
#include <string>
#include <vector>

#include "perf/measure.h"
#include "perf/target.h"

namespace neso::perf {

// Of several values: the middle one and the ends.
struct Spread {
  double least = 0, median = 0, largest = 0;
};
// Of an even number of values the median is between the two in the middle. Zeros for none.
Spread SpreadOf(std::vector<double> values);

struct Side {
  Spread throughput;  // inferences a second
  Spread average_ms, p50_ms, p99_ms;
};

struct Comparison {
  double load = 0;
  size_t rounds = 0;  // a window of each server
  Side first, second;
  Side ratio;  // second by first, of the two windows of each round
};

// What counts of a window, whose samples may be millions.
struct RoundFigures {
  double throughput = 0, average_ms = 0, p50_ms = 0, p99_ms = 0;  // throughput: inferences a second
};
RoundFigures FiguresOf(const Window& window, uint64_t batch);

// From the windows of each round. Precondition: as many of both.
Comparison Compare(std::span<const RoundFigures> first, std::span<const RoundFigures> second);

// --max-trials rounds, in every other one the second server goes first.
Expected<Comparison> CompareAt(double load, const Options& options, Target& first, Target& second);

std::string ComparisonText(const Options& options, const Comparison& comparison);

}  // namespace neso::perf
