#include "command/stats_command.h"

#include <memory>

#include "command/asked_server.h"
#include "command/model_statistics.h"
#include "command/say.h"

namespace neso::command {
namespace {

struct StatsWords {
  Asking asking;
  std::string model, version;
};

std::string Ms(const ModelStatistics::Times& times) { return fmt::format("{:.3f}", times.AverageMs()); }

std::vector<std::string> RowOf(const ModelStatistics& model) {
  return {model.name,
          model.version,
          std::to_string(model.success.count),
          std::to_string(model.failure.count),
          std::to_string(model.inferences),
          fmt::format("{:.1f}", model.AverageBatch()),
          Ms(model.success),
          Ms(model.queue),
          Ms(model.input),
          Ms(model.infer),
          Ms(model.output)};
}

Expected<int> ShowStats(const StatsWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  const bool is_of_all = words.model.empty();
  const Expected<JsonAnswerPtr> stats = server->Statistics(words.model, words.version);
  if (!stats) return is_of_all ? stats.error() : server->ExplainModel(words.model, stats.error());
  if (words.asking.json) {
    SayJson((*stats)->text());
    return kDone;
  }
  std::vector<std::vector<std::string>> rows = {{"model", "version", "requests", "failed", "inferences", "batch",
                                                 "average ms", "queue", "input", "infer", "output"}};
  for (const ModelStatistics& model : ReadStatistics((*stats)->root())) rows.push_back(RowOf(model));
  SayTable(rows);
  return kDone;
}

}  // namespace

Action SetUpStats(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<StatsWords>();
  app.add_option("MODEL", words->model, "The model; all of them unless given.");
  app.add_option("--version", words->version, "One version of it.")->type_name("N");
  AddAskingOptions(app, words->asking);
  app.footer("Example:\n  neso stats digits");
  return [words] { return ShowStats(*words); };
}

}  // namespace neso::command
