#include "perf/perf_command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/exception_status.h"
#include "base/write_file.h"
#include "perf/export_json.h"
#include "perf/html_report.h"
#include "perf/in_process/local_server.h"
#include "perf/in_process/preload.h"
#include "perf/interrupt.h"
#include "perf/load_run.h"
#include "perf/output.h"
#include "perf/report.h"
#include "perf/result_json.h"
#include "perf/versus.h"

namespace neso::perf {
namespace {

// Before anything is measured for it.
Status CheckCanWrite(const std::string& path) {
  if (path.empty()) return {};
  if (std::filesystem::is_directory(path)) return Unavailable("cannot write {}: it is a folder", path);
  const std::string folder = std::filesystem::absolute(path).parent_path();
  const char* const needed = access(path.c_str(), F_OK) == 0 ? path.c_str() : folder.c_str();
  if (access(needed, W_OK) == 0) return {};
  return Unavailable("cannot write {}: {}: {}", path, needed, std::strerror(errno));
}

Status CheckCanWriteFiles(const Options& options) {
  RETURN_IF_ERROR(CheckCanWrite(options.csv_file));
  RETURN_IF_ERROR(CheckCanWrite(options.html_file));
  return CheckCanWrite(options.export_file);
}

// That of the model, and beside it one for each that answers for it: "digits_v1.results.csv".
Status WriteCsvs(const Options& options, const ModelFacts& facts, std::span<const Measured> results) {
  RETURN_IF_ERROR(WriteFile(options.csv_file, Csv(options, facts, results)));
  const std::filesystem::path path(options.csv_file);
  for (const ComposingCsv& file : ComposingCsvs(options, facts, results))
    RETURN_IF_ERROR(WriteFile(path.parent_path() / (file.name + "." + path.filename().string()), file.text));
  return {};
}

Status WriteFiles(const Options& options, const Target& target, std::span<const Measured> results) {
  if (!options.csv_file.empty()) RETURN_IF_ERROR(WriteCsvs(options, target.facts(), results));
  if (!options.html_file.empty()) RETURN_IF_ERROR(WriteFile(options.html_file, HtmlReport(options, results)));
  if (!options.export_file.empty())
    RETURN_IF_ERROR(WriteFile(options.export_file, ExportJson(options, target, results)));
  return {};
}

Expected<std::unique_ptr<MetricsCollector>> Collect(const Options& options) {
  if (!options.collect_metrics) return std::unique_ptr<MetricsCollector>();
  return MetricsCollector::Start(options);
}

void Warn(const Options& options, const ModelFacts& facts) {
  const SequenceSettings& sequences = options.sequences;
  const double lanes = IsByTime(options.load) ? static_cast<double>(sequences.at_a_time)
                                              : std::max(options.range.start, options.range.end);
  if (facts.has_sequences && static_cast<double>(sequences.end_id - sequences.first_id) < lanes) {
    Complain(
        "sequence id range specified is smaller than the maximum possible concurrency, sequence id collision may "
        "occur.");
  }
}

Expected<int> RunVersus(const Options& options, Target& first) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> second, Target::Open(options, options.versus));
  Tell(options, SettingsText(options, first.facts()));
  std::vector<Comparison> comparisons;
  LoadSearch search(options);
  while (const std::optional<double> load = search.Next()) {
    Tell(options, LoadText(options, *load));
    ASSIGN_OR_RETURN(const Comparison comparison, CompareAt(*load, options, first, *second));
    if (comparison.rounds > 0) Tell(options, ComparisonText(options, comparison));
    if (comparison.rounds > 0) comparisons.push_back(comparison);
    if (InterruptWatch::HasCome()) break;
    search.Judge(Verdict::kGood);
  }
  if (options.json) SayJson(ComparisonsJson(options, comparisons));
  return InterruptWatch::HasCome() ? InterruptWatch::ExitCode() : kMeasured;
}

// A schedule is one load, of as many requests as it has.
void TakeSchedule(const std::vector<Nanoseconds>& schedule, Options& options) {
  options.request_count = schedule.size();
  const double seconds = std::chrono::duration<double>(std::max(schedule.back(), Nanoseconds(1))).count();
  options.range.start = options.range.end = static_cast<double>(schedule.size()) / seconds;
}

// What was measured until an error or an interrupt, too.
Status Report(const Options& options, const Target& target, const LoadRun& run) {
  if (options.json) SayJson(ResultsJson(options, target.facts(), run.results(), run.limit()));
  if (run.results().empty()) return {};
  Tell(options, SummaryText(options, run.results()));
  return WriteFiles(options, target, run.results());
}

Expected<int> RunWith(Options options, const std::vector<std::string>& arguments) {
  if (options.service == ServiceKind::kInProcess) RETURN_IF_ERROR(BeginWithLibrary(LibraryOf(options), arguments));
  RETURN_IF_ERROR(CheckCanWriteFiles(options));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> target, Target::Open(options, options.url));
  if (options.load == LoadKind::kSessions) options.request_count = target->requests().size();
  if (options.load == LoadKind::kSchedule) TakeSchedule(target->Schedule(), options);
  if (!options.versus.empty()) return RunVersus(options, *target);
  ASSIGN_OR_RETURN(const std::unique_ptr<MetricsCollector> metrics, Collect(options));
  Warn(options, target->facts());
  Tell(options, SettingsText(options, target->facts()));
  LoadRun run(options, *target, metrics.get());
  const Status measured = run.MeasureAll();
  const Status reported = Report(options, *target, run);
  RETURN_IF_ERROR(measured);
  RETURN_IF_ERROR(reported);
  if (InterruptWatch::HasCome()) return InterruptWatch::ExitCode();
  if (run.results().empty()) {
    Complain("Failed to obtain stable measurement.");
    return kUnstable;
  }
  return run.is_complete() ? kMeasured : kUnstable;
}

}  // namespace

int RunPerf(const std::vector<std::string>& arguments) {
  const std::vector<std::string> words(arguments.begin() + 2, arguments.end());
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    Say(Usage());
    return kMeasured;
  }
  Expected<Options> options = ParseOptions(words);
  if (!options) {
    const bool is_unknown = options.error().code() == StatusCode::kUnknown;
    if (!is_unknown) std::fputs(Usage().c_str(), stderr);
    Complain(options.error().message());
    return is_unknown ? kPerfFailed : kPerfMisused;
  }
  if (options->wants_version) {
    Complain("Perf Analyzer Version " NESO_VERSION " (commit neso)");
    return kMeasured;
  }
  for (const std::string& warning : options->warnings) Complain(warning);
  const InterruptWatch watch;
  try {
    const Expected<int> code = RunWith(*std::move(options), arguments);
    if (code) return *code;
    Complain("error: " + code.error().message());
  } catch (...) {
    Complain("error: " + StatusOfException().message());
  }
  return InterruptWatch::HasCome() ? InterruptWatch::ExitCode() : kPerfFailed;
}

}  // namespace neso::perf
