#include "perf/tune/tune_options.h"

#include <memory>

#include "perf/own_words.h"
#include "perf/server_choice.h"
#include "perf/server_words.h"

namespace neso::perf {
namespace {

// In place of its address, until the server that is started says it.
constexpr const char* kOwnServer = "http://127.0.0.1:1";

// What is typed.
struct TuneWords {
  TuneOptions options;
  ServerWords server;
  std::string objectives;
};

void AddAxes(CLI::App& app, Axes& axes) {
  app.add_option("--instances", axes.instances, "Counts of instances to try: 1,2,4.")
      ->type_name("N,...")
      ->delimiter(',')
      ->check(Within(1, 1024));
  app.add_option("--batch-sizes", axes.batches, "Largest batches to try: 0,8,32. 0: no dynamic batching.")
      ->type_name("N,...")
      ->delimiter(',')
      ->check(Within(0, 1 << 20));
  app.add_option("--delays", axes.delays_us, "Queue delays to try, in microseconds: 0,500.")
      ->type_name("US,...")
      ->delimiter(',')
      ->check(Within(0, 60'000'000));
}

void AddGoal(CLI::App& app, Goal& goal, std::string& objectives) {
  app.add_option("--objectives", objectives,
                 "What is to be good, with weights: throughput=2,latency,ram. Throughput alone unless given.")
      ->type_name("NAME=WEIGHT,...");
  app.add_option("--latency-budget", goal.latency_budget_ms, "The highest latency that is good, in milliseconds.")
      ->type_name("MS")
      ->check(AboveZero());
  app.add_option("--min-throughput", goal.min_throughput, "The fewest inferences a second that are good.")
      ->type_name("N")
      ->check(AboveZero());
  app.add_option("--max-ram", goal.max_ram_mib, "The most memory of the server that is good, in MiB.")
      ->type_name("MIB")
      ->check(AboveZero());
}

// `words` outlive it.
std::unique_ptr<CLI::App> TuneApp(TuneWords& words) {
  auto app = std::make_unique<CLI::App>("Find out how a model is served best: instances, batch sizes and queue delays.",
                                        "neso tune");
  app->set_help_flag("-h,--help", "Describe this command.");
  TuneOptions& options = words.options;
  app->add_option("MODEL", options.model, "The model.")->required();
  auto* const url = AddServerOptions(
      *app, words.server,
      "A server that runs with --model-control-mode=explicit, over HTTP or grpc://; the model is loaded anew.");
  app->add_option("--model-repository", options.repository, "Where the model is: a server of its own is started.")
      ->type_name("FOLDER")
      ->excludes(url);
  app->add_option("--output", options.folder, "The folder for what is found: tuned/MODEL unless given.")
      ->type_name("FOLDER");
  AddAxes(*app, options.axes);
  app->add_option("--max-concurrency", options.most_at_once, "The most requests at a time.")
      ->type_name("N")
      ->capture_default_str()
      ->check(Within(1, 65536));
  AddGoal(*app, options.goal, words.objectives);
  app->add_option("--percentile", options.percentile, "The latency that counts.")
      ->type_name("N")
      ->capture_default_str()
      ->check(Within(1, 99));
  app->add_option("--measurement-interval,-p", options.interval_ms, "A window lasts 1.2 times so many milliseconds.")
      ->type_name("MS")
      ->capture_default_str()
      ->check(Within(1, 3'600'000));
  app->add_flag("--all", options.is_whole, "Try all combinations, not one part after the other.");
  app->add_flag("--json", options.json, "Print JSON, for programs, when all is tried.");
  app->footer(
      "Words behind -- are options of neso perf, such as --input-data and --shape.\n\n"
      "Example:\n  neso tune digits --model-repository=models --latency-budget=20\n"
      "  neso tune digits --model-repository=models --objectives=throughput,ram=2 --min-throughput=500");
  return app;
}

// `behind`: what stands behind "--".
Expected<Options> LoadOf(const TuneOptions& options, const ServerWords& server,
                         const std::vector<std::string>& behind) {
  std::vector<std::string> words = {
      "-m", options.model, "-p",           std::to_string(options.interval_ms), "-s", "20",
      "-r", "6",           "--percentile", std::to_string(options.percentile)};
  server.AppendTo(words);
  words.insert(words.end(), behind.begin(), behind.end());
  ASSIGN_OR_RETURN(Options load, ParseOptions(words));
  if (!options.repository.empty() && load.protocol == Protocol::kGrpc)
    return InvalidArg(
        "a server that is started is asked over HTTP: leave -i grpc out, or name one with --url grpc://HOST:PORT");
  return load;
}

}  // namespace

Expected<std::optional<TuneOptions>> ParseTuneOptions(const std::vector<std::string>& arguments) {
  TuneWords words;
  auto& [options, server, objectives] = words;
  ASSIGN_OR_RETURN(const auto behind, ReadOwnWords(*TuneApp(words), arguments));
  if (!behind) return std::optional<TuneOptions>();
  if (server.url.empty() && PresetUrl().empty() && options.repository.empty())
    return InvalidArg("expected --model-repository=FOLDER, or --url=HOST:PORT of a server in control mode EXPLICIT");
  if (!objectives.empty()) RETURN_IF_ERROR(TakeObjectives(objectives, options.goal));
  if (options.goal.NeedsRam() && options.repository.empty())
    return InvalidArg("the memory of a server is known of one that is started: expected --model-repository, not --url");
  if (options.folder.empty()) options.folder = "tuned/" + options.model;
  if (!options.repository.empty()) server.url = kOwnServer;
  ASSIGN_OR_RETURN(options.load, LoadOf(options, server, *behind));
  return std::optional(std::move(options));
}

PerfOutline OutlineOfTune() {
  TuneWords words;
  return OutlineOf(*TuneApp(words));
}

}  // namespace neso::perf
