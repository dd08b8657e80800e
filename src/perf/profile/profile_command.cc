#include "perf/profile/profile_command.h"

#include <memory>
#include <optional>
#include <span>

#include "base/exception_status.h"
#include "base/exit_code.h"
#include "base/table.h"
#include "base/write_file.h"
#include "perf/export_json.h"
#include "perf/interrupt.h"
#include "perf/output.h"
#include "perf/profile/profile_options.h"
#include "perf/profile/profile_report.h"
#include "perf/target.h"

namespace neso::perf {
namespace {

constexpr size_t kNoTerminal = 100'000;  // wide enough for any cell

Status CheckHasTokens(const TokenTimes& times, const Options& load) {
  if (times.requests > 0) return {};
  if (load.request_count > 0) return Unavailable("no request has had an answer: the model ended each without one");
  return Unavailable(
      "no request ended with an answer within {} ms: --measurement-interval waits longer, --request-count N as "
      "long as it takes",
      load.interval.count());
}

Status Profile(const ProfileOptions& options) {
  const Options& load = options.load;
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, PromptTexts(options.prompts));
  const auto ask = [&](const ModelFacts& facts, const Options& of) {
    return AskWith(texts, options.prompts, facts, of.model);
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> target, Target::Open(load, load.url, ask));
  RETURN_IF_ERROR(target->Begin(load.range.start));
  ASSIGN_OR_RETURN(Measured measured, Measure(target->load(), load, target->counter(), [](const std::string&) {}));
  measured.load = load.range.start;
  if (measured.is_interrupted) SayInterrupted();
  Status ended = target->End();  // it says nothing of what was measured

  std::vector<size_t> words;
  for (const std::string& text : texts) words.push_back(WordsIn(text));
  const TokenTimes times = TokenTimesOf(measured, words);
  RETURN_IF_ERROR(CheckHasTokens(times, load));
  if (options.json) {
    SayJson(TokenJson(times));
  } else {
    Say(DrawForTerminal(TokenRows(times), TerminalWidth().value_or(kNoTerminal)) + TotalsText(times));
  }
  if (load.export_file.empty()) return ended;
  RETURN_IF_ERROR(WriteFile(load.export_file, ExportJson(load, *target, std::span(&measured, 1))));
  return ended;
}

}  // namespace

int RunProfile(const std::vector<std::string>& arguments) {
  try {
    const Expected<std::optional<ProfileOptions>> options =
        ParseProfileOptions(std::vector<std::string>(arguments.begin() + 2, arguments.end()));
    if (!options) {
      Complain("error: " + options.error().message());
      return kMisused;
    }
    if (!options->has_value()) return kDone;
    const InterruptWatch watch;
    const Status profiled = Profile(**options);
    if (!profiled.ok()) Complain("error: " + profiled.message());
    if (InterruptWatch::HasCome()) return InterruptWatch::ExitCode();
    return profiled.ok() ? kDone : kFailed;
  } catch (...) {
    Complain("error: " + StatusOfException().message());
  }
  return kFailed;
}

}  // namespace neso::perf
