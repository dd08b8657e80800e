#include "command/status_command.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "command/asked_server.h"
#include "command/json_members.h"
#include "command/model_index.h"
#include "command/say.h"

namespace neso::command {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr std::chrono::milliseconds kShortestLook{100};

struct StatusWords {
  Asking asking;
  std::string model;
  bool ready_only = false;
  double wait_seconds = 0;
};

struct Health {
  bool live = false, ready = false;
  std::string reason;  // why it is not ready
};

Expected<Health> LookAt(AskedServer& server, const std::string& model) {
  ASSIGN_OR_RETURN(const Condition live, server.Live());
  ASSIGN_OR_RETURN(const Condition ready, server.Ready(model));
  Health health{.live = live.holds, .ready = ready.holds, .reason = ready.reason};
  if (!health.ready && !model.empty()) {
    const std::string unexplained =
        health.reason.empty() ? fmt::format("model '{}' is not ready", model) : health.reason;
    health.reason = server.ExplainModel(model, Unavailable("{}", unexplained)).message();
  }
  return health;
}

// Until it is ready, or the time is over. A look takes no longer than what is left of it, at a server that is silent.
Expected<Health> WaitFor(AskedServer& server, const StatusWords& words) {
  using std::chrono::milliseconds;
  const auto now = std::chrono::steady_clock::now;
  const auto end = now() + std::chrono::duration<double>(words.wait_seconds);
  while (true) {
    if (words.wait_seconds > 0) {
      const auto left = std::max(kShortestLook, std::chrono::duration_cast<milliseconds>(end - now()));
      server.SetTimeout(std::min(left, words.asking.timeout()));
    }
    Expected<Health> health = LookAt(server, words.model);
    if ((health && health->ready) || now() >= end) return health;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

std::string JsonOf(const Health& health) {
  std::string text = fmt::format(R"({{"live":{},"ready":{})", health.live, health.ready);
  if (!health.reason.empty()) text += ",\"reason\":" + JsonQuoted(health.reason);
  return text + "}";
}

// What else there is to tell of a server.
void Tell(AskedServer& server, const Health& health) {
  std::vector<std::vector<std::string>> rows = {{"server", "status"}};
  if (const Expected<JsonAnswerPtr> metadata = server.Metadata("", ""); metadata) {
    rows.push_back({"version", TextOf((*metadata)->root(), "name") + " " + TextOf((*metadata)->root(), "version")});
  }
  rows.push_back({"live", health.live ? "yes" : "no"});
  rows.push_back({"ready", health.ready ? "yes" : "no" + (health.reason.empty() ? "" : ": " + health.reason)});
  if (const Expected<std::vector<IndexedModel>> index = AskIndex(server); index) {
    size_t ready = 0;
    for (const IndexedModel& model : *index) ready += model.state == "READY" ? 1 : 0;
    rows.push_back({"models", fmt::format("{} ready of {}", ready, index->size())});
  }
  SayTable(rows);
}

Expected<int> ShowStatus(const StatusWords& words) {
  ASSIGN_OR_RETURN(const auto server, AskedServer::Make(words.asking));
  ASSIGN_OR_RETURN(const Health health, WaitFor(*server, words));
  const int code = health.ready ? kDone : kFailed;
  if (words.asking.json) {
    SayJson(JsonOf(health));
  } else if (words.ready_only || !words.model.empty()) {
    Say(health.ready ? "ready\n" : health.reason.empty() ? "not ready\n" : "not ready: " + health.reason + "\n");
  } else {
    server->SetTimeout(words.asking.timeout());
    Tell(*server, health);
  }
  return code;
}

}  // namespace

Action SetUpStatus(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<StatusWords>();
  app.add_option("MODEL", words->model, "A model, instead of the whole server.");
  app.add_flag("--ready", words->ready_only, "Say only whether it is ready, for health checks.");
  app.add_option("--wait", words->wait_seconds, "How many seconds to wait until it is; none unless given.")
      ->type_name("SECONDS")
      ->check(SecondsFrom(0));
  AddAskingOptions(app, words->asking);
  app.footer(
      "The exit code is 0 if it is ready, else 1.\n\nExample:\n  neso status\n  neso status --ready --wait 60\n"
      "  neso status digits");
  return [words] { return ShowStatus(*words); };
}

}  // namespace neso::command
