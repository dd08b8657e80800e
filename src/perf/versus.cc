#include "perf/versus.h"

#include <algorithm>
#include <utility>

#include "perf/interrupt.h"

namespace neso::perf {
namespace {

struct Part {
  double RoundFigures::*figure;
  Spread Side::*spread;
};
constexpr Part kParts[] = {{&RoundFigures::throughput, &Side::throughput},
                           {&RoundFigures::average_ms, &Side::average_ms},
                           {&RoundFigures::p50_ms, &Side::p50_ms},
                           {&RoundFigures::p99_ms, &Side::p99_ms}};

Expected<RoundFigures> Measure(Target& target, double load, const Options& options) {
  RETURN_IF_ERROR(target.Begin(load));
  ASSIGN_OR_RETURN(const Window window, MeasureWindow(target.load(), options, target.counter()));
  RETURN_IF_ERROR(target.End());
  return FiguresOf(window, options.batch);
}

std::string SpreadText(const Spread& spread) {
  return fmt::format("{:.4g} ({:.4g} to {:.4g})", spread.median, spread.least, spread.largest);
}

std::string SideText(const Side& side, const char* unit) {
  return fmt::format("    Throughput: {}{}\n    Avg latency: {}{}\n    p50 latency: {}{}\n    p99 latency: {}{}\n",
                     SpreadText(side.throughput), *unit != '\0' ? " infer/sec" : "", SpreadText(side.average_ms), unit,
                     SpreadText(side.p50_ms), unit, SpreadText(side.p99_ms), unit);
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

RoundFigures FiguresOf(const Window& window, uint64_t batch) {
  const Latencies latencies = LatenciesOf(window.samples);
  return {.throughput = RequestRate(window) * static_cast<double>(batch),
          .average_ms = latencies.average_us / 1e3,
          .p50_ms = latencies.Percentile(50) / 1e3,
          .p99_ms = latencies.Percentile(99) / 1e3};
}

Comparison Compare(std::span<const RoundFigures> first, std::span<const RoundFigures> second) {
  Comparison comparison;
  comparison.rounds = first.size();
  for (const Part& part : kParts) {
    std::vector<double> of_first, of_second, ratios;
    for (size_t round = 0; round < first.size(); round++) {
      const double a = first[round].*part.figure, b = second[round].*part.figure;
      of_first.push_back(a);
      of_second.push_back(b);
      if (a > 0) ratios.push_back(b / a);
    }
    comparison.first.*part.spread = SpreadOf(std::move(of_first));
    comparison.second.*part.spread = SpreadOf(std::move(of_second));
    comparison.ratio.*part.spread = SpreadOf(std::move(ratios));
  }
  return comparison;
}

Expected<Comparison> CompareAt(double load, const Options& options, Target& first, Target& second) {
  std::vector<RoundFigures> of_first, of_second;
  for (uint64_t round = 0; round < options.max_trials && !InterruptWatch::HasCome(); round++) {
    const bool is_swapped = round % 2 == 1;
    ASSIGN_OR_RETURN(const RoundFigures before, Measure(is_swapped ? second : first, load, options));
    ASSIGN_OR_RETURN(const RoundFigures after, Measure(is_swapped ? first : second, load, options));
    if (InterruptWatch::HasCome()) break;  // these are short
    of_first.push_back(is_swapped ? after : before);
    of_second.push_back(is_swapped ? before : after);
  }
  Comparison comparison = Compare(of_first, of_second);
  comparison.load = load;
  return comparison;
}

std::string ComparisonText(const Options& options, const Comparison& comparison) {
  std::string text =
      fmt::format("  {} windows of each server in turn; the median, and the least and most:\n", comparison.rounds);
  text += fmt::format("  A, {}:\n{}", options.url, SideText(comparison.first, " ms"));
  text += fmt::format("  B, {}:\n{}", options.versus, SideText(comparison.second, " ms"));
  return text + fmt::format("  B divided by A, in each round:\n{}\n", SideText(comparison.ratio, ""));
}

}  // namespace neso::perf
