#include "perf/load_run.h"

#include <cstdio>

#include "perf/interrupt.h"
#include "perf/output.h"
#include "perf/report.h"

namespace neso::perf {
namespace {

std::string LimitText(const Options& options, const LoadSearch& search) {
  const char* const unit = IsByTime(options.load) ? "requests a second" : "requests at a time";
  if (search.unknown())
    return fmt::format(
        "Limit: not found. With {:g} {} there were windows without an answer, so that no latency is known; a longer "
        "--measurement-interval has some\n\n",
        *search.unknown(), unit);
  if (search.good() == 0) return fmt::format("Limit: none, {:g} is too much already\n\n", search.bad());
  return fmt::format("Limit: {:g} {} stay below {} ms\n\n", search.good(), unit, options.latency_limit.count());
}

std::string UnstableText(const Options& options, double load) {
  return fmt::format(
      "Failed to obtain stable measurement within {} measurement windows for {} {:g}. Please try to "
      "increase the {}.{}",
      options.max_trials, IsByTime(options.load) ? "request rate" : "concurrency", load,
      options.mode == MeasurementMode::kCountWindows ? "--measurement-request-count" : "--measurement-interval",
      options.search == SearchKind::kLinear ? "" : " Its last windows say whether it is good.");
}

}  // namespace

Status LoadRun::MeasureAll() {
  LoadSearch search(options_);
  while (const std::optional<double> load = search.Next()) {
    ASSIGN_OR_RETURN(const Verdict verdict, MeasureAt(*load));
    if (InterruptWatch::HasCome()) {
      SayInterrupted();
      return target_.End();
    }
    search.Judge(verdict);
    if (std::ferror(stdout) != 0) return target_.End();  // nobody reads on, or the disk is full
  }
  if (options_.search == SearchKind::kLimit || search.unknown()) Tell(options_, LimitText(options_, search));
  is_complete_ = !search.unknown();
  if (is_complete_) limit_ = search.good();
  return target_.End();
}

Expected<Verdict> LoadRun::MeasureAt(double load) {
  Tell(options_, LoadText(options_, load));
  RETURN_IF_ERROR(target_.Begin(load));
  const auto say = [this](const std::string& line) {
    if (options_.verbose) Tell(options_, line + "\n");
  };
  ASSIGN_OR_RETURN(Measured measured, Measure(target_.load(), options_, target_.counter(), say));
  measured.load = load;
  return Judge(std::move(measured));
}

// What it says of the load goes to the results unless nothing can be said.
Verdict LoadRun::Judge(Measured measured) {
  if (measured.is_interrupted && measured.requests == 0) return Verdict::kUnstable;
  if (!measured.is_stable && !measured.is_over_limit && !measured.is_interrupted) {
    Complain(UnstableText(options_, measured.load));
    if (!CanUse(measured)) return Verdict::kUnstable;
  }
  if (metrics_ != nullptr)
    measured.metrics = metrics_->Between(measured.windows.front().begin, measured.windows.back().end);
  Tell(options_, ResultText(options_, target_.facts(), measured));
  const bool is_good = IsGood(measured, options_);
  if (measured.is_over_limit) {
    Complain(fmt::format("Measured latency went over the set limit of {} msec. ", options_.latency_limit.count()));
  }
  const bool is_for_files = !options_.html_file.empty() || !options_.export_file.empty();
  if (!is_for_files) measured.ForgetRequests();
  results_.push_back(std::move(measured));
  return is_good ? Verdict::kGood : Verdict::kTooMuch;
}

// Where a limit lies is said by latencies, which may be far from it however much throughputs differ.
bool LoadRun::CanUse(const Measured& measured) const {
  return options_.search != SearchKind::kLinear && HasLatency(measured);
}

}  // namespace neso::perf
