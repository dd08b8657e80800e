#include "perf/perf_command.h"

#include <cstdio>
#include <fstream>
#include <optional>

#include "base/exception_status.h"
#include "perf/report.h"

namespace neso::perf {
namespace {

void Say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void Complain(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

Status Write(const std::string& path, const std::string& text) {
  if (path.empty()) return {};
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? Status() : Unavailable("cannot write {}", path);
}

// One server, one model, one load after the other.
class Run {
 public:
  Run(const Options& options, const client::Endpoint& endpoint, const InferBytes& bytes, client::HttpClient& client)
      : options_(options), load_(loop_, endpoint, bytes), client_(client) {}

  Status MeasureAll() { return options_.find_limit ? FindLimit() : Sweep(); }
  const std::vector<Measured>& results() const { return results_; }

 private:
  bool IsGood(const Measured& measured) const {
    const double limit_us = std::chrono::duration<double, std::micro>(options_.latency_limit).count();
    return limit_us == 0 || SteadyLatency(measured.latencies, options_.percentile) <= limit_us;
  }

  // None: no three windows agreed, which was said.
  Expected<std::optional<Measured>> MeasureAt(double load) {
    Say(LoadText(options_, load));
    RETURN_IF_ERROR(load_.Stop());
    RETURN_IF_ERROR(options_.load == LoadKind::kConcurrency ? load_.KeepInFlight(static_cast<size_t>(load))
                                                            : load_.SendAtRate(load, options_.distribution));
    ASSIGN_OR_RETURN(Measured measured, Measure(
                                            load_, options_, [this] { return AskCounts(client_, options_); },
                                            [this](const std::string& line) {
                                              if (options_.verbose) Say(line + "\n");
                                            }));
    measured.load = load;
    if (!measured.is_stable && !measured.is_over_limit) {
      const bool counts = options_.mode == MeasurementMode::kCountWindows;
      Complain(
          fmt::format("Failed to obtain stable measurement within {} measurement windows for {} {:g}. Please try to "
                      "increase the {}.",
                      options_.max_trials, options_.load == LoadKind::kConcurrency ? "concurrency" : "request rate",
                      load, counts ? "--measurement-request-count" : "--measurement-interval"));
      return std::optional<Measured>();
    }
    Say(ResultText(options_, measured));
    if (measured.is_over_limit) {
      Complain(fmt::format("Measured latency went over the set limit of {} msec. ", options_.latency_limit.count()));
    }
    results_.push_back(measured);
    return std::optional(std::move(measured));
  }

  Status Sweep() {
    const Range& range = options_.range;
    for (double load = range.start; range.end < range.start || load <= range.end; load += range.step) {
      ASSIGN_OR_RETURN(const std::optional<Measured> measured, MeasureAt(load));
      if (measured && !IsGood(*measured)) break;
      if (!measured && range.end < range.start) break;
    }
    return load_.Stop();
  }

  // Doubles the load until it is too much, then halves what is left between good and too much.
  Status FindLimit() {
    const bool counts = options_.load == LoadKind::kConcurrency;
    double good = 0, bad = 0, load = options_.range.start;
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<Measured> measured, MeasureAt(load));
      (measured && IsGood(*measured) ? good : bad) = load;
      if (bad == 0) {
        load *= 2;
        if (load > kMostLoad) break;
        continue;
      }
      // Within one request, or a twentieth.
      if (bad - good <= (counts ? 1 : bad / 20)) break;
      load = counts ? static_cast<double>(static_cast<uint64_t>((good + bad) / 2)) : (good + bad) / 2;
    }
    Say(good > 0 ? fmt::format("Limit: {:g} {} stay below {} ms\n\n", good,
                               counts ? "requests at a time" : "requests a second", options_.latency_limit.count())
                 : fmt::format("Limit: none, {:g} is too much already\n\n", bad));
    return load_.Stop();
  }

  static constexpr double kMostLoad = 1 << 20;

  const Options& options_;
  client::Loop loop_;
  Load load_;
  client::HttpClient& client_;
  std::vector<Measured> results_;
};

Expected<int> RunWith(const Options& options) {
  ASSIGN_OR_RETURN(const client::Endpoint endpoint, client::ParseEndpoint(options.url, 8000));
  client::HttpClient client(endpoint);
  ASSIGN_OR_RETURN(const ModelFacts facts, AskModel(client, options));
  ASSIGN_OR_RETURN(const InferBytes bytes, WriteInfer(endpoint, facts, options));
  Say(SettingsText(options));
  Run run(options, endpoint, bytes, client);
  RETURN_IF_ERROR(run.MeasureAll());
  if (run.results().empty()) {
    Complain("Failed to obtain stable measurement.");
    return kUnstable;
  }
  Say(SummaryText(options, run.results()));
  RETURN_IF_ERROR(Write(options.csv_file, options.csv_file.empty() ? "" : Csv(options, run.results())));
  RETURN_IF_ERROR(Write(options.export_file, options.export_file.empty() ? "" : ExportJson(options, run.results())));
  return kMeasured;
}

}  // namespace

int RunPerf(const std::vector<std::string>& arguments) {
  const std::vector<std::string> words(arguments.begin() + 2, arguments.end());
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    Say(Usage());
    return kMeasured;
  }
  const Expected<Options> options = ParseOptions(words);
  if (!options) {
    const bool is_unknown = options.error().code() == StatusCode::kUnknown;
    if (!is_unknown) std::fputs(Usage().c_str(), stderr);
    Complain(options.error().message());
    return is_unknown ? kFailed : kMisused;
  }
  try {
    const Expected<int> code = RunWith(*options);
    if (code) return *code;
    Complain("error: " + code.error().message());
  } catch (...) {
    Complain("error: " + StatusOfException().message());
  }
  return kFailed;
}

}  // namespace neso::perf
