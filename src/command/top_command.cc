#include "command/top_command.h"

#include <memory>
#include <optional>
#include <thread>

#include "base/table.h"
#include "command/asked_server.h"
#include "command/metrics_command.h"
#include "command/say.h"
#include "command/top_view.h"

namespace neso::command {
namespace {

struct TopWords {
  Asking asking;
  double interval = 1;
  bool once = false;
};

Expected<ServerLook> LookAt(AskedServer& server, const TopWords& words) {
  ASSIGN_OR_RETURN(const JsonAnswerPtr statistics, server.Statistics("", ""));
  ServerLook look{.at = std::chrono::steady_clock::now(), .models = ReadStatistics(statistics->root())};
  // Without the port of the metrics there is still most of it.
  if (Expected<std::vector<client::MetricFamily>> metrics = AskMetrics(words.asking))
    look.metrics = *std::move(metrics);
  return look;
}

void Show(const ServerLook& before, const ServerLook& now, const TopWords& words) {
  const std::vector<ModelLoad> loads = LoadsBetween(before, now);
  if (words.asking.json) {
    SayJson(TopJson(loads));
    return;
  }
  const std::string machine = MachineText(now.metrics);
  const std::string head = words.asking.url + (machine.empty() ? "" : ": ") + machine;
  const std::optional<TerminalSize> terminal = SizeOfTerminal();
  if (words.once || !terminal) {
    Say(head + "\n");
    SayTable(TopRows(loads));
    return;
  }
  ClearScreen();
  Say(TopScreen(head, loads, words.interval, *terminal));
}

Expected<int> Watch(const TopWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  ASSIGN_OR_RETURN(ServerLook before, LookAt(*server, words));
  do {
    std::this_thread::sleep_for(std::chrono::duration<double>(words.interval));
    ASSIGN_OR_RETURN(ServerLook now, LookAt(*server, words));
    Show(before, now, words);
    before = std::move(now);
  } while (!words.once && CheckOutput().ok());
  return kDone;
}

}  // namespace

Action SetUpTop(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<TopWords>();
  app.add_option("--interval", words->interval, "How many seconds are looked at together; 1 unless given.")
      ->type_name("SECONDS")
      ->check(SecondsFrom(0.1));
  app.add_flag("--once", words->once, "Show one interval, and end.");
  AddMetricsUrl(app, words->asking);
  AddAskingOptions(app, words->asking, [words] {
    // It does without metrics where nobody says where they are.
    return words->asking.metrics_url.empty() ? Status() : MetricsUrl(words->asking).status();
  });
  app.footer("Example:\n  neso top\n  neso top --once --json");
  return [words] { return Watch(*words); };
}

}  // namespace neso::command
