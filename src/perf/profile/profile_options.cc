#include "perf/profile/profile_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "perf/output.h"
#include "perf/server_words.h"

namespace neso::perf {
namespace {

constexpr uint64_t kMost = 1'000'000'000;

// What becomes options of `neso perf`, as it is typed; empty: not given.
struct PerfWords {
  std::string model, concurrency, rate, count, warmup, interval, file;
  ServerWords server;
};

void AddLoadOptions(CLI::App& app, PerfWords& words) {
  app.add_option("-m,--model", words.model, "The model.")->required();
  AddServerOptions(app, words.server,
                   "The server's address for gRPC, grpcs:// before it for TLS; else NESO_URL, or localhost:8001.");
  auto* const concurrency =
      app.add_option("--concurrency", words.concurrency, "So many requests at a time: 1 unless given.")
          ->check(CLI::Range(uint64_t{1}, kMost));
  app.add_option("--request-rate", words.rate, "So many requests a second, whether or not answers keep up.")
      ->check(CLI::PositiveNumber)
      ->excludes(concurrency);
  app.add_option("--request-count", words.count, "Exactly so many requests, instead of windows of time.")
      ->check(CLI::Range(uint64_t{1}, kMost));
  app.add_option("--warmup-request-count", words.warmup, "Requests before those that are measured.")
      ->check(CLI::Range(uint64_t{0}, kMost));
  app.add_option("-p,--measurement-interval", words.interval,
                 "Three windows of 1.2 times so many milliseconds are measured: 10000 unless given.")
      ->check(CLI::Range(1, 3'600'000));
  app.add_option("--profile-export-file", words.file, "The times of every token as JSON.");
}

void AddPromptOptions(CLI::App& app, PromptSettings& prompts) {
  app.add_option("--input-file", prompts.file,
                 "Prompts, one a line, or as {\"text\": \"...\"}; else they are made up.");
  app.add_option("--num-dataset-entries", prompts.count, "How many are made up.")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--synthetic-input-tokens-mean,--isl", prompts.words, "How many words those have on average.")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--synthetic-input-tokens-stddev", prompts.words_deviation, "By how much that varies.")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--random-seed", prompts.seed, "Makes up others.")->capture_default_str();
  app.add_option("--output-tokens-mean,--osl", prompts.max_tokens, "The most tokens of an answer: max_tokens.")
      ->capture_default_str()
      ->check(CLI::Range(uint64_t{1}, kMost));
  app.add_option("--extra-inputs", prompts.extra, "Another input's value: NAME:VALUE; again for others.")
      ->allow_extra_args(false);
}

Expected<Options> LoadOf(const PerfWords& given, const std::vector<std::string>& behind) {
  // As many windows as a stable load has at least, stable or not.
  std::vector<std::string> words = {"-m",   given.model,   "-i",
                                    "grpc", "--streaming", "-r",
                                    "3",    "-p",          given.interval.empty() ? "10000" : given.interval};
  const auto add = [&words](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  given.server.AppendTo(words);
  if (given.rate.empty()) {
    add("--concurrency-range", given.concurrency.empty() ? "1" : given.concurrency);
  } else {
    add("--request-rate-range", given.rate);
  }
  add("--request-count", given.count);
  add("--warmup-request-count", given.warmup);
  add("--profile-export-file", given.file);
  words.insert(words.end(), behind.begin(), behind.end());
  ASSIGN_OR_RETURN(Options options, ParseOptions(words));
  const bool is_one_load = options.range.is_one_point() && options.search == SearchKind::kLinear;
  if (!is_one_load || !options.versus.empty() || !options.input_files.empty() || options.batch > 1)
    return InvalidArg("neso profile puts one load, with prompts, on one server: leave such options of neso perf out");
  if (!options.csv_file.empty() || !options.html_file.empty() || options.collect_metrics || options.verbose)
    return InvalidArg(
        "neso profile prints a table, or JSON with --json: leave -f, --html, --collect-metrics and -v out");
  return options;
}

}  // namespace

Expected<std::optional<ProfileOptions>> ParseProfileOptions(const std::vector<std::string>& words) {
  ProfileOptions options;
  PerfWords perf;
  bool streams = false;  // always
  CLI::App app("Measure how a language model streams: the first token, the others, and how many a second.",
               "neso profile");
  app.set_help_flag("-h,--help", "Describe this command.");
  AddLoadOptions(app, perf);
  AddPromptOptions(app, options.prompts);
  app.add_flag("--streaming", streams, "Answers are streams; they are anyway.");
  app.add_flag("--json", options.json, "Print JSON, for programs.");
  app.footer(
      "Words behind -- are options of neso perf, such as --grpc-compression-algorithm.\n\n"
      "Example:\n  neso profile -m llama --concurrency 8 --isl 200 --osl 100\n"
      "  neso profile -m llama --input-file prompts.txt --request-count 200 --json");
  const auto separator = std::ranges::find(words, "--");
  std::vector<std::string> behind;
  if (separator != words.end()) behind.assign(separator + 1, words.end());
  std::vector<std::string> own(words.begin(), separator);
  std::ranges::reverse(own);  // as CLI11 wants them
  try {
    app.parse(own);
  } catch (const CLI::CallForHelp&) {
    Say(app.help());
    return std::optional<ProfileOptions>();
  } catch (const CLI::ParseError& error) {
    return InvalidArg("{}\nneso profile --help says what it takes", error.what());
  }
  ASSIGN_OR_RETURN(options.load, LoadOf(perf, behind));
  return std::optional(std::move(options));
}

}  // namespace neso::perf
