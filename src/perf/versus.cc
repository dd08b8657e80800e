#include "perf/versus.h"

#include <algorithm>

#include "perf/interrupt.h"

namespace neso::perf {
namespace {

constexpr Spread Side::*kParts[] = {&Side::throughput, &Side::average_ms, &Side::p50_ms, &Side::p99_ms};
constexpr size_t kPartCount = std::size(kParts);

// In the order of kParts.
std::vector<double> ValuesOf(const Window& window, uint64_t batch) {
  const Latencies latencies = LatenciesOf(window.samples);
  return {RequestRate(window) * static_cast<double>(batch), latencies.average_us / 1e3, latencies.Percentile(50) / 1e3,
          latencies.Percentile(99) / 1e3};
}

Expected<Window> WindowOf(Target& target, double load, const Options& options) {
  RETURN_IF_ERROR(target.Begin(load));
  ASSIGN_OR_RETURN(Window window, MeasureWindow(target.load(), options, [&target] { return target.Counts(); }));
  RETURN_IF_ERROR(target.End());
  return window;
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

Comparison Compare(std::span<const Window> first, std::span<const Window> second, uint64_t batch) {
  std::vector<double> of_first[kPartCount], of_second[kPartCount], ratios[kPartCount];
  for (size_t round = 0; round < first.size(); round++) {
    const std::vector<double> a = ValuesOf(first[round], batch), b = ValuesOf(second[round], batch);
    for (size_t part = 0; part < kPartCount; part++) {
      of_first[part].push_back(a[part]);
      of_second[part].push_back(b[part]);
      if (a[part] > 0) ratios[part].push_back(b[part] / a[part]);
    }
  }
  Comparison comparison;
  comparison.rounds = first.size();
  for (size_t part = 0; part < kPartCount; part++) {
    comparison.first.*kParts[part] = SpreadOf(of_first[part]);
    comparison.second.*kParts[part] = SpreadOf(of_second[part]);
    comparison.ratio.*kParts[part] = SpreadOf(ratios[part]);
  }
  return comparison;
}

Expected<Comparison> CompareAt(double load, const Options& options, Target& first, Target& second) {
  std::vector<Window> of_first, of_second;
  for (uint64_t round = 0; round < options.max_trials && !InterruptWatch::HasCome(); round++) {
    const bool is_swapped = round % 2 == 1;
    ASSIGN_OR_RETURN(Window before, WindowOf(is_swapped ? second : first, load, options));
    ASSIGN_OR_RETURN(Window after, WindowOf(is_swapped ? first : second, load, options));
    if (InterruptWatch::HasCome()) break;  // these are short
    of_first.push_back(std::move(is_swapped ? after : before));
    of_second.push_back(std::move(is_swapped ? before : after));
  }
  Comparison comparison = Compare(of_first, of_second, options.batch);
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
