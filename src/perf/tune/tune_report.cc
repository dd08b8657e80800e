#include "perf/tune/tune_report.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <functional>

#include "perf/html_report.h"

namespace neso::perf {
namespace {

// Scores that differ by less are the same.
constexpr double kSame = 0.03;
constexpr size_t kMostDrawn = 7;  // as many as there are colours

double Latency(const Measured& measured, const TuneOptions& options) {
  return measured.latencies.Percentile(options.percentile) / 1e3;
}

std::vector<std::string> Heading(const TuneOptions& options) {
  return {"instances",
          "batch",
          "delay, us",
          "requests at a time",
          "inferences a second",
          fmt::format("p{}, ms", options.percentile),
          "RAM, MiB"};
}

std::string RamText(const Trial& trial) { return trial.ram_mib == 0 ? "" : fmt::format("{:.0f}", trial.ram_mib); }

std::vector<std::string> Row(const Trial& trial, const TuneOptions& options) {
  const Candidate& candidate = trial.candidate;
  std::vector<std::string> row = {std::to_string(candidate.instances), std::to_string(candidate.batch),
                                  std::to_string(candidate.delay_us)};
  if (trial.best == nullptr) {
    row.insert(row.end(), {"", "", trial.failure.empty() ? "none within the limits" : trial.failure, RamText(trial)});
    return row;
  }
  row.insert(row.end(), {fmt::format("{:g}", trial.best->load), fmt::format("{:.1f}", trial.best->throughput),
                         fmt::format("{:.3f}", Latency(*trial.best, options)), RamText(trial)});
  return row;
}

Plot TrialsPlot(std::span<const Trial> trials, const TuneOptions& options) {
  Plot plot{.title = "Latency against throughput, a line for each way to serve",
            .x = {"inferences a second"},
            .y = {fmt::format("p{}, milliseconds", options.percentile)},
            .series = {}};
  std::vector<const Trial*> sorted;
  for (const Trial& trial : trials) sorted.push_back(&trial);
  std::ranges::sort(sorted, std::greater(), &Trial::score);
  for (const Trial* const trial : std::span(sorted).first(std::min(sorted.size(), kMostDrawn))) {
    const Candidate& candidate = trial->candidate;
    Series& series = plot.series.emplace_back(Series{
        .name = fmt::format("{} x {}, {} us", candidate.instances, candidate.batch, candidate.delay_us), .points = {}});
    for (const Measured& load : trial->loads) series.points.push_back({load.throughput, Latency(load, options)});
  }
  return plot;
}

}  // namespace

Figures FiguresOf(const Measured& load, const Trial& trial, const TuneOptions& options) {
  return {.throughput = load.throughput, .latency_ms = Latency(load, options), .ram_mib = trial.ram_mib};
}

void ChooseLoad(Trial& trial, const TuneOptions& options) {
  for (const Measured& load : trial.loads) {
    const Figures figures = FiguresOf(load, trial, options);
    if (!options.goal.Breach(figures).empty()) continue;
    const double score = options.goal.Score(figures);
    if (trial.best != nullptr && score <= trial.score * (1 + kSame)) continue;
    trial.best = &load;
    trial.score = score;
  }
}

std::string TrialText(const Trial& trial, const TuneOptions& options) {
  const std::string way = trial.candidate.Text();
  if (trial.best == nullptr) {
    if (!trial.failure.empty()) return fmt::format("{}: {}\n", way, trial.failure);
    const std::string breach =
        trial.loads.empty() ? "" : options.goal.Breach(FiguresOf(trial.loads.back(), trial, options));
    return fmt::format("{}: no load within the limits: {}\n", way, breach);
  }
  const std::string ram = trial.ram_mib == 0 ? "" : fmt::format(", {:.0f} MiB", trial.ram_mib);
  const std::string end = trial.failure.empty() ? "" : "; with more: " + trial.failure;
  return fmt::format("{}: {:.6g} infer/sec, p{} {:.3f} ms{} with {:g} requests at a time{}\n", way,
                     trial.best->throughput, options.percentile, Latency(*trial.best, options), ram, trial.best->load,
                     end);
}

std::string TrialsCsv(std::span<const Trial> trials, const TuneOptions& options) {
  std::string text = fmt::format(
      "Instances,Max Batch Size,Queue Delay (us),Concurrency,Inferences/Second,p{} latency (us),RAM (MiB)\n",
      options.percentile);
  for (const Trial& trial : trials) {
    for (const Measured& load : trial.loads)
      text += fmt::format("{},{},{},{:g},{:.6g},{:.0f},{}\n", trial.candidate.instances, trial.candidate.batch,
                          trial.candidate.delay_us, load.load, load.throughput, Latency(load, options) * 1e3,
                          RamText(trial));
  }
  return text;
}

std::string TrialsHtml(std::span<const Trial> trials, const Trial& best, const std::string& config_text,
                       const TuneOptions& options) {
  std::string body = fmt::format("<p>{}: <strong>{}</strong>.</p>\n", EscapeMarkup(options.goal.Text()),
                                 EscapeMarkup(best.candidate.Text()));
  std::vector<std::vector<std::string>> rows = {Heading(options)};
  for (const Trial& trial : trials) rows.push_back(Row(trial, options));
  body += HtmlTable(rows) + DrawPlot(TrialsPlot(trials, options));
  body += fmt::format("<h2>config.pbtxt</h2>\n<pre>{}</pre>\n", EscapeMarkup(config_text));
  return HtmlPage("How " + options.model + " is served best", body);
}

std::string ConfigText(const inference::ModelConfig& config, const Trial& now, const Trial& best,
                       const TuneOptions& options) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  return fmt::format(
      "# Written by 'neso tune': {:.6g} inferences a second, p{} {:.3f} ms with {:g} requests at a time,\n"
      "# in place of {:.6g} as it was served before ({}).\n{}",
      best.best->throughput, options.percentile, Latency(*best.best, options), best.best->load,
      now.best == nullptr ? 0 : now.best->throughput, now.candidate.Text(), text);
}

}  // namespace neso::perf
