#include "perf/server_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace neso::perf {
namespace {

// Of one request, in microseconds.
double Average(const ServerCounts::Part& part, const ServerCounts& counts) {
  return counts.success.count == 0 ? 0 : static_cast<double>(part.ns) / 1e3 / static_cast<double>(counts.success.count);
}

double OfOne(const ServerCounts::Part& part) {
  return part.count == 0 ? 0 : static_cast<double>(part.ns) / 1e3 / static_cast<double>(part.count);
}

struct ServerTimes {
  double total, queue, input, infer, output, hit, miss;
  double cache() const { return hit + miss; }
  double compute() const { return input + infer + output; }
};
ServerTimes TimesOf(const ServerCounts& counts) {
  const auto average = [&counts](const ServerCounts::Part& part) { return Average(part, counts); };
  return {.total = average(counts.success),
          .queue = average(counts.queue),
          .input = average(counts.compute_input),
          .infer = average(counts.compute_infer),
          .output = average(counts.compute_output),
          .hit = average(counts.cache_hit),
          .miss = average(counts.cache_miss)};
}

double LeftOf(double total, double parts) { return std::max(0.0, total - parts); }

// What the total is made of.
std::string PartsText(const ServerTimes& times, bool has_cache, bool is_ensemble) {
  const std::string parts = has_cache ? fmt::format("cache hit/miss {:.0f} usec", times.cache())
                            : is_ensemble
                                ? fmt::format("compute {:.0f} usec", times.compute())
                                : fmt::format(
                                      "compute input {:.0f} usec + compute infer {:.0f} usec + compute output "
                                      "{:.0f} usec",
                                      times.input, times.infer, times.output);
  const double known = times.queue + (has_cache ? times.cache() : times.compute());
  return fmt::format("overhead {:.0f} usec + queue {:.0f} usec + {}", LeftOf(times.total, known), times.queue, parts);
}

// The lines of one model, each behind `indent`.
std::string CountsText(const ServerCounts& counts, bool is_ensemble, const std::string& indent) {
  const bool has_cache = counts.cache_hit.count + counts.cache_miss.count > 0;
  std::string text =
      fmt::format("{0}Inference count: {1}\n{0}Execution count: {2}\n", indent, counts.inferences, counts.executions);
  if (has_cache)
    text += fmt::format("{0}Cache hit count: {1}\n{0}Cache miss count: {2}\n", indent, counts.cache_hit.count,
                        counts.cache_miss.count);
  const ServerTimes times = TimesOf(counts);
  text += fmt::format("{0}Successful request count: {1}\n{0}Avg request latency: {2:.0f} usec ({3})\n", indent,
                      counts.success.count, times.total, PartsText(times, has_cache, is_ensemble));
  if (has_cache)
    text += fmt::format("{0}  Average Cache Hit Latency: {1:.0f} usec\n{0}  Average Cache Miss Latency: {2:.0f} usec\n",
                        indent, OfOne(counts.cache_hit), OfOne(counts.cache_miss));
  return text;
}

std::string ComposingText(const std::vector<ServerCounts>& counts, const std::vector<ComposingModel>& models,
                          const std::string& indent) {
  if (models.empty()) return {};
  std::string text = indent + "Composing models: \n";
  for (size_t i = 0; i < models.size() && i < counts.size(); i++) {
    const ComposingModel& model = models[i];
    text += fmt::format("{}{}, version: {}\n", indent, model.name, model.version);
    text += CountsText(counts[i], !model.composing.empty(), indent + "    ");
    text += ComposingText(counts[i].composing, model.composing, indent + "    ");
  }
  return text;
}

}  // namespace

std::string ServerText(const ServerCounts& counts, const ModelFacts& facts) {
  return "  Server: \n" + CountsText(counts, facts.is_ensemble, "    ") +
         ComposingText(counts.composing, facts.composing, "  ");
}

std::string ServerColumns(bool has_cache) {
  return std::string(",Server Queue,Server Compute Input,Server Compute Infer,Server Compute Output") +
         (has_cache ? ",Server Cache Hit,Server Cache Miss" : "");
}

std::string ServerCells(const ServerCounts& counts, bool has_cache) {
  const ServerTimes times = TimesOf(counts);
  const std::string cells =
      fmt::format(",{:.0f},{:.0f},{:.0f},{:.0f}", times.queue, times.input, times.infer, times.output);
  return has_cache ? cells + fmt::format(",{:.0f},{:.0f}", times.hit, times.miss) : cells;
}

double ServerTotal(const ServerCounts& counts) { return TimesOf(counts).total; }

double ServerCounted(const ServerCounts& counts) {
  const ServerTimes times = TimesOf(counts);
  return times.queue + times.compute() + times.cache();
}

}  // namespace neso::perf
