// Measures one load: windows until three in a row agree.
//
// Source: perf_analyzer's rules. A window lasts 1.2 times the interval; throughputs and latencies of three windows in a
// row may differ by the stability percentage, and their samples together are the result.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "perf/load.h"
#include "perf/server_counts.h"
#include "perf/server_metrics.h"

namespace neso::perf {

// Of numbers in their order: the least that `percent` of them do not exceed, 0 < percent <= 100; 0 if there is none.
double PercentileOf(std::span<const double> sorted, double percent);
// Of a sample with that average; 0 of fewer than two numbers.
double DeviationOf(std::span<const double> numbers, double average);

struct Latencies {
  double average_us = 0, deviation_us = 0;
  std::vector<double> sorted_us;

  double Percentile(double percent) const { return PercentileOf(sorted_us, percent); }
  // Of sorted_us the percentiles 1 to 100, which answer for whole numbers as all of it does.
  void KeepPercentiles();
};
Latencies LatenciesOf(std::span<const Sample> samples);
// Those that are told: perf_analyzer's, and the one that was asked for.
std::set<int> PercentsOf(const Options& options);

struct Window {
  TimePoint begin, end;
  std::vector<Sample> samples;  // that ended in it
  ServerCounts server;

  double seconds() const { return std::chrono::duration<double>(end - begin).count(); }
};

// Requests a second, of which each may be a batch.
double RequestRate(const Window& window);

// What stabilises: the average, or a percentile.
double SteadyLatency(const Latencies& latencies, int percentile);

// Whether the last three windows agree.
bool AreStable(std::span<const Window> windows, double stability, int percentile);

// One load's result.
struct Measured {
  double load = 0;  // requests at a time, or a second
  bool is_stable = false;
  bool is_interrupted = false;  // its last window is short
  bool is_over_limit = false;   // the latency of the last three windows was above the limit
  Latencies latencies;
  uint64_t requests = 0;
  double responses = 0;    // answers a second
  uint64_t sequences = 0;  // that ended
  double seconds = 0;      // of the windows together
  double throughput = 0;   // inferences a second
  ServerCounts server;
  double delayed_share = 0;
  std::vector<Window> windows;  // those that the result is made of
  GpuMetrics metrics;           // if they were collected

  // What each single request took, of which there may be millions. The percentiles of whole numbers stay.
  void ForgetRequests();
};

// The latency is below the limit, or there is none. Also of a load that was not stable, if there is one to be judged:
// all of its last windows had answers.
bool IsGood(const Measured& measured, const Options& options);
bool HasLatency(const Measured& measured);

// Asks for the server's counts; from another thread than the load's, one call at a time. Null: the server has none.
using Counter = std::function<Expected<ServerCounts>()>;

// One window. The load is under way, and goes on afterwards.
Expected<Window> MeasureWindow(Load& load, const Options& options, const Counter& counter);

// Windows until they agree. The load is under way, and goes on afterwards. `say` gets a line for each window, from
// another thread than the load's, which goes on meanwhile.
Expected<Measured> Measure(Load& load, const Options& options, const Counter& counter,
                           const std::function<void(const std::string& line)>& say);

}  // namespace neso::perf
