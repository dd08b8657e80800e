#include "perf/tune/goal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"

namespace neso::perf {
namespace {

struct Objective {
  std::string_view name, of_model_analyzer;
  double Goal::*weight;
};
constexpr std::array kObjectives = {
    Objective{"throughput", "perf_throughput", &Goal::throughput},
    Objective{"latency", "perf_latency_p99", &Goal::latency},
    Objective{"ram", "cpu_used_ram", &Goal::ram},
};
constexpr double kMostWeight = 1000;

// Of a part that is to be high. What was not measured is as bad as it can be.
double Part(double weight, double value) { return weight == 0 ? 0 : weight * std::log(std::max(value, 1e-9)); }

}  // namespace

double Goal::Score(const Figures& figures) const {
  const double parts =
      Part(throughput, figures.throughput) - Part(latency, figures.latency_ms) - Part(ram, figures.ram_mib);
  return std::exp(parts / (throughput + latency + ram));
}

std::string Goal::Breach(const Figures& figures) const {
  if (figures.throughput <= 0) return "no answer came within a window: a longer --measurement-interval has some";
  if (latency_budget_ms > 0 && figures.latency_ms > latency_budget_ms)
    return fmt::format("{:.3f} ms is above {:g} ms", figures.latency_ms, latency_budget_ms);
  if (min_throughput > 0 && figures.throughput < min_throughput)
    return fmt::format("{:.6g} infer/sec is below {:g}", figures.throughput, min_throughput);
  if (max_ram_mib > 0 && figures.ram_mib > max_ram_mib)
    return fmt::format("{:.0f} MiB is above {:g} MiB", figures.ram_mib, max_ram_mib);
  return {};
}

std::string Goal::Text() const {
  std::vector<std::string> objectives, limits;
  for (const Objective& objective : kObjectives) {
    const double weight = this->*objective.weight;
    if (weight > 0) objectives.push_back(fmt::format("{} ({:g})", objective.name, weight));
  }
  const bool is_usual = throughput > 0 && objectives.size() == 1;
  if (latency_budget_ms > 0) limits.push_back(fmt::format("at most {:g} ms", latency_budget_ms));
  if (min_throughput > 0) limits.push_back(fmt::format("at least {:g} inferences a second", min_throughput));
  if (max_ram_mib > 0) limits.push_back(fmt::format("at most {:g} MiB", max_ram_mib));
  return (is_usual ? "The most inferences a second" : "The best of " + Join(objectives, ", ")) +
         (limits.empty() ? "" : " with " + Join(limits, ", "));
}

Status TakeObjectives(std::string_view text, Goal& goal) {
  for (const Objective& objective : kObjectives) goal.*objective.weight = 0;
  for (const std::string_view word : Split(text, ',')) {
    const size_t equals = std::min(word.find('='), word.size());
    const std::string_view name = word.substr(0, equals);
    const auto found = std::ranges::find_if(kObjectives, [name](const Objective& objective) {
      return name == objective.name || name == objective.of_model_analyzer;
    });
    double weight = 1;
    bool is_good = found != kObjectives.end();
    if (equals < word.size()) {
      const std::string_view number = word.substr(equals + 1);
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), weight);
      is_good = is_good && error == std::errc() && end == number.data() + number.size();
    }
    if (!is_good || !(weight > 0) || weight > kMostWeight) {
      return InvalidArg(
          "--objectives: expected throughput, latency or ram, each with a weight or none, such as "
          "throughput=2,ram; got '{}'",
          word);
    }
    goal.*found->weight = weight;
  }
  return {};
}

}  // namespace neso::perf
