#include "perf/tune/tune_command.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/exception_status.h"
#include "base/exit_code.h"
#include "base/write_file.h"
#include "perf/interrupt.h"
#include "perf/output.h"
#include "perf/target.h"
#include "perf/tune/tune_json.h"
#include "perf/tune/tune_report.h"
#include "perf/tune/tuned_server.h"

namespace neso::perf {
namespace {

constexpr double kGain = 0.03;  // less than that is no more throughput
constexpr double kMib = 1024 * 1024;
constexpr size_t kMostUseless = 2;  // doublings without a gain

// What is tried unless the command line says otherwise.
Axes AxesFor(const inference::ModelConfig& config, const TuneOptions& options) {
  Axes axes = options.axes;
  if (axes.instances.empty()) {
    const uint64_t processors = std::max(1u, std::thread::hardware_concurrency());
    for (uint64_t count = 1; count <= std::min<uint64_t>(processors, 8); count *= 2) axes.instances.push_back(count);
  }
  if (!CanBatch(config)) {
    axes.batches = axes.delays_us = {0};
    return axes;
  }
  const auto most = static_cast<uint64_t>(config.max_batch_size());
  if (axes.batches.empty()) {
    axes.batches.push_back(0);
    for (uint64_t batch = 4; batch < most; batch *= 4) axes.batches.push_back(batch);
    axes.batches.push_back(most);
  }
  if (axes.delays_us.empty()) axes.delays_us = {0, 100, 500, 2000};
  return axes;
}

// Measures candidates on a server.
class Tuning {
 public:
  Tuning(const TuneOptions& options, TunedServer& server, const inference::ModelConfig& config)
      : options_(options), server_(server), config_(config) {}

  // Until there are no more, or until an interrupt: what was tried before that counts.
  Status TryAll() {
    CandidateSearch search(AxesFor(config_, options_), CandidateOf(config_), options_.is_whole);
    while (const std::optional<Candidate> candidate = search.Next()) {
      Trial& trial = trials_.emplace_back();
      trial.candidate = *candidate;
      if (const Status tried = Try(trial); !tried.ok()) trial.failure = tried.message();
      if (InterruptWatch::HasCome()) {
        trials_.pop_back();  // it may have done better than was seen
        break;
      }
      ChooseLoad(trial, options_);
      if (!options_.json) Say(TrialText(trial, options_));
      search.Judge(trial.score);
    }
    if (trials_.empty()) return Cancelled("interrupted before a candidate was tried");
    if (Best().best != nullptr) return {};
    if (!Best().failure.empty()) return Unavailable("{}", Best().failure);
    return Unavailable("no candidate keeps to the limits: {}", options_.goal.Text());
  }

  // Into the folder. Precondition: TryAll found something.
  Status Write() const {
    const Trial& best = Best();
    const std::string text = ConfigText(Apply(config_, best.candidate), trials_.front(), best, options_);
    std::filesystem::create_directories(options_.folder);
    RETURN_IF_ERROR(WriteFile(options_.folder + "/config.pbtxt", text));
    RETURN_IF_ERROR(WriteFile(options_.folder + "/results.csv", TrialsCsv(trials_, options_)));
    RETURN_IF_ERROR(WriteFile(options_.folder + "/report.html", TrialsHtml(trials_, best, text, options_)));
    if (options_.json) {
      SayJson(TrialsJson(trials_, best, options_));
    } else {
      Say(fmt::format("\nBest: {}{}/config.pbtxt is that configuration, {}/report.html shows all.\n",
                      TrialText(best, options_), options_.folder, options_.folder));
    }
    return {};
  }

 private:
  // The first of those with the highest score.
  const Trial& Best() const { return *std::ranges::max_element(trials_, {}, &Trial::score); }

  // More and more requests at a time, until that is no use, the latency is above the budget, or one fails.
  Status Try(Trial& trial) {
    RETURN_IF_ERROR(server_.Load(Apply(config_, trial.candidate)));
    ASSIGN_OR_RETURN(const std::unique_ptr<Target> target, Target::Open(options_.load, options_.load.url));
    double best = 0;
    size_t useless = 0;
    for (uint64_t load = 1; load <= options_.most_at_once && useless < kMostUseless && !InterruptWatch::HasCome();
         load *= 2) {
      RETURN_IF_ERROR(target->Begin(static_cast<double>(load)));
      ASSIGN_OR_RETURN(Measured measured,
                       Measure(target->load(), options_.load, target->counter(), [](const std::string&) {}));
      measured.load = static_cast<double>(load);
      measured.ForgetRequests();
      useless = measured.throughput > best * (1 + kGain) ? 0 : useless + 1;
      best = std::max(best, measured.throughput);
      trial.loads.push_back(std::move(measured));
      if (!options_.repository.empty()) {
        ASSIGN_OR_RETURN(const uint64_t bytes, server_.Memory());
        trial.ram_mib = std::max(trial.ram_mib, static_cast<double>(bytes) / kMib);
      }
      if (IsOverBudget(trial.loads.back())) break;
    }
    return target->End();
  }

  bool IsOverBudget(const Measured& measured) const {
    return options_.goal.latency_budget_ms > 0 &&
           measured.latencies.Percentile(options_.percentile) / 1e3 > options_.goal.latency_budget_ms;
  }

  const TuneOptions& options_;
  TunedServer& server_;
  const inference::ModelConfig& config_;
  std::vector<Trial> trials_;
};

Status Tune(TuneOptions& options) {
  if (!options.repository.empty()) InterruptWatch::Defer();  // a server of its own is to be ended
  ASSIGN_OR_RETURN(const std::unique_ptr<TunedServer> server,
                   options.repository.empty() ? TunedServer::Attach(options.load)
                                              : TunedServer::StartOwn(options.repository, options.load));
  ASSIGN_OR_RETURN(const inference::ModelConfig config, server->Config());
  InterruptWatch::Defer();  // from here on the model is served otherwise than before
  Tuning tuning(options, *server, config);
  const Status tried = tuning.TryAll();
  Status written = tried.ok() ? tuning.Write() : tried;  // it took long; what follows may fail
  const Status restored = server->LoadAsItWas();
  if (restored.ok()) return written;
  if (!written.ok()) Complain("error: " + written.message());
  return restored.WithContext("model '{}' is not served again as it was before", options.model);
}

}  // namespace

int RunTune(const std::vector<std::string>& arguments) {
  try {
    Expected<std::optional<TuneOptions>> options =
        ParseTuneOptions(std::vector<std::string>(arguments.begin() + 2, arguments.end()));
    if (!options) {
      Complain("error: " + options.error().message());
      return kMisused;
    }
    if (!options->has_value()) return kDone;
    const InterruptWatch watch;
    const Status tuned = Tune(**options);
    if (!tuned.ok()) Complain("error: " + tuned.message());
    if (InterruptWatch::HasCome()) return InterruptWatch::ExitCode();
    return tuned.ok() ? kDone : kFailed;
  } catch (...) {
    Complain("error: " + StatusOfException().message());
  }
  return kFailed;
}

}  // namespace neso::perf
