#include "perf/profile/profile_options.h"

#include <memory>

#include "perf/own_words.h"
#include "perf/server_words.h"

namespace neso::perf {
namespace {

constexpr uint64_t kMost = 1'000'000'000;

// What is typed; what becomes options of `neso perf` as it is, and empty if it is not given.
struct ProfileWords {
  std::string model, concurrency, rate, count, warmup, interval, file;
  ServerWords server;
  ProfileOptions options;
  bool streams = false;  // always
};

void AddLoadOptions(CLI::App& app, ProfileWords& words) {
  app.add_option("-m,--model", words.model, "The model.")->type_name("MODEL")->required();
  AddServerOptions(app, words.server,
                   "The server's address for gRPC, grpcs:// before it for TLS; else NESO_URL, or localhost:8001.");
  auto* const concurrency =
      app.add_option("--concurrency", words.concurrency, "So many requests at a time: 1 unless given.")
          ->type_name("N")
          ->check(Within(uint64_t{1}, kMost));
  app.add_option("--request-rate", words.rate, "So many requests a second, whether or not answers keep up.")
      ->type_name("N")
      ->check(AboveZero())
      ->excludes(concurrency);
  app.add_option("--request-count", words.count, "Exactly so many requests, instead of windows of time.")
      ->type_name("N")
      ->check(Within(uint64_t{1}, kMost));
  app.add_option("--warmup-request-count", words.warmup, "Requests before those that are measured.")
      ->type_name("N")
      ->check(Within(uint64_t{0}, kMost));
  app.add_option("-p,--measurement-interval", words.interval,
                 "Three windows of 1.2 times so many milliseconds are measured: 10000 unless given.")
      ->type_name("MS")
      ->check(Within(1, 3'600'000));
  app.add_option("--profile-export-file", words.file, "The times of every token as JSON.")->type_name("FILE");
}

void AddPromptOptions(CLI::App& app, PromptSettings& prompts) {
  app.add_option("--input-file", prompts.file, "Prompts, one a line, or as {\"text\": \"...\"}; else they are made up.")
      ->type_name("FILE");
  app.add_option("--num-dataset-entries", prompts.count, "How many are made up.")
      ->type_name("N")
      ->capture_default_str()
      ->check(Within(1, 1'000'000));
  app.add_option("--synthetic-input-tokens-mean,--isl", prompts.words, "How many words those have on average.")
      ->type_name("N")
      ->capture_default_str()
      ->check(Within(1, 1'000'000));
  app.add_option("--synthetic-input-tokens-stddev", prompts.words_deviation, "By how much that varies.")
      ->type_name("N")
      ->capture_default_str()
      ->check(Within(0, 1'000'000));
  app.add_option("--random-seed", prompts.seed, "Makes up others.")->type_name("N")->capture_default_str();
  app.add_option("--output-tokens-mean,--osl", prompts.max_tokens, "The most tokens of an answer: max_tokens.")
      ->type_name("N")
      ->capture_default_str()
      ->check(Within(uint64_t{1}, kMost));
  app.add_option("--extra-inputs", prompts.extra, "Another input's value; again for others.")
      ->type_name("NAME:VALUE")
      ->allow_extra_args(false);
}

Expected<Options> LoadOf(const ProfileWords& given, const std::vector<std::string>& behind) {
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
  if (!options.csv_file.empty() || !options.html_file.empty() || options.collect_metrics || options.verbose ||
      options.json)
    return InvalidArg(
        "neso profile prints a table, or JSON with --json before the --: leave -f, --html, --collect-metrics and -v out");
  return options;
}

// `words` outlive it.
std::unique_ptr<CLI::App> ProfileApp(ProfileWords& words) {
  auto app = std::make_unique<CLI::App>(
      "Measure how a language model streams: the first token, the others, and how many a second.", "neso profile");
  app->set_help_flag("-h,--help", "Describe this command.");
  AddLoadOptions(*app, words);
  AddPromptOptions(*app, words.options.prompts);
  app->add_flag("--streaming", words.streams, "Answers are streams; they are anyway.");
  app->add_flag("--json", words.options.json, "Print JSON, for programs.");
  app->footer(
      "Words behind -- are options of neso perf, such as --grpc-compression-algorithm.\n\n"
      "Example:\n  neso profile -m llama --concurrency 8 --isl 200 --osl 100\n"
      "  neso profile -m llama --input-file prompts.txt --request-count 200 --json");
  return app;
}

}  // namespace

Expected<std::optional<ProfileOptions>> ParseProfileOptions(const std::vector<std::string>& arguments) {
  ProfileWords words;
  ASSIGN_OR_RETURN(const auto behind, ReadOwnWords(*ProfileApp(words), arguments));
  if (!behind) return std::optional<ProfileOptions>();
  ASSIGN_OR_RETURN(words.options.load, LoadOf(words, *behind));
  return std::optional(std::move(words.options));
}

PerfOutline OutlineOfProfile() {
  ProfileWords words;
  return OutlineOf(*ProfileApp(words));
}

}  // namespace neso::perf
