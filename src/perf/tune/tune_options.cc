#include "perf/tune/tune_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "perf/output.h"

namespace neso::perf {
namespace {

void AddOptions(CLI::App& app, TuneOptions& options) {
  app.add_option("MODEL", options.model, "The model.")->required();
  auto* const url = app.add_option("-u,--url", options.url,
                                   "A server that runs with --model-control-mode=explicit; the model is loaded anew.");
  app.add_option("--model-repository", options.repository, "Where the model is: a server of its own is started.")
      ->excludes(url);
  app.add_option("--output", options.folder, "The folder for what is found: tuned/MODEL unless given.");
  app.add_option("--instances", options.axes.instances, "Counts to try: 1,2,4.")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024));
  app.add_option("--batch-sizes", options.axes.batches, "Largest batches to try: 0,8,32. 0: no dynamic batching.")
      ->delimiter(',')
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--delays", options.axes.delays_us, "Queue delays to try, in microseconds: 0,500.")
      ->delimiter(',')
      ->check(CLI::Range(0, 60'000'000));
  app.add_option("--max-concurrency", options.most_at_once, "The most requests at a time.")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  app.add_option("--latency-budget", options.latency_budget_ms, "The highest latency that is good, in milliseconds.")
      ->check(CLI::PositiveNumber);
  app.add_option("--percentile", options.percentile, "The latency that has to be within it.")
      ->capture_default_str()
      ->check(CLI::Range(1, 99));
  app.add_option("--measurement-interval,-p", options.interval_ms, "A window lasts 1.2 times so many milliseconds.")
      ->capture_default_str()
      ->check(CLI::Range(1, 3'600'000));
  app.add_flag("--all", options.is_whole, "Try all combinations, not one part after the other.");
  app.footer(
      "Words behind -- are options of neso perf, such as --input-data and --shape.\n\n"
      "Example:\n  neso tune digits --model-repository=models --latency-budget=20");
}

}  // namespace

Expected<std::optional<TuneOptions>> ParseTuneOptions(const std::vector<std::string>& words) {
  TuneOptions options;
  CLI::App app("Find out how a model is served best: instances, batch sizes and queue delays.", "neso tune");
  app.set_help_flag("-h,--help", "Describe this command.");
  AddOptions(app, options);
  const auto separator = std::ranges::find(words, "--");
  if (separator != words.end()) options.perf_words.assign(separator + 1, words.end());
  std::vector<std::string> own(words.begin(), separator);
  std::ranges::reverse(own);  // as CLI11 wants them
  try {
    app.parse(own);
  } catch (const CLI::CallForHelp&) {
    Say(app.help());
    return std::optional<TuneOptions>();
  } catch (const CLI::ParseError& error) {
    return InvalidArg("{}\nneso tune --help says what it takes", error.what());
  }
  if (options.url.empty() && options.repository.empty())
    return InvalidArg("expected --model-repository=FOLDER, or --url=HOST:PORT of a server in control mode EXPLICIT");
  if (options.folder.empty()) options.folder = "tuned/" + options.model;
  return std::optional(std::move(options));
}

Expected<Options> PerfOptionsOf(const TuneOptions& options, const std::string& url) {
  std::vector<std::string> words = {"-m", options.model, "-u", url, "-p",           std::to_string(options.interval_ms),
                                    "-s", "20",          "-r", "6", "--percentile", std::to_string(options.percentile)};
  words.insert(words.end(), options.perf_words.begin(), options.perf_words.end());
  return ParseOptions(words);
}

}  // namespace neso::perf
