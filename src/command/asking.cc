#include "command/asking.h"

namespace neso::command {
namespace {

constexpr double kLongestSeconds = 86'400;

}  // namespace

std::chrono::milliseconds Asking::timeout() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(timeout_seconds));
}

void AddAskingOptions(CLI::App& app, Asking& asking) {
  app.add_option("-u,--url", asking.url, "The server's address for HTTP; else NESO_URL, or localhost:8000.")
      ->type_name("HOST:PORT")
      ->envname("NESO_URL");
  app.add_option("--timeout", asking.timeout_seconds, "How many seconds an answer is waited for; 60 unless given.")
      ->type_name("SECONDS")
      ->check([](const std::string& text) -> std::string {
        double seconds = 0;
        if (CLI::detail::lexical_cast(text, seconds) && seconds > 0 && seconds <= kLongestSeconds) return {};
        return "expected seconds, above 0 and at most a day, got '" + text + "'";
      });
  app.add_option("-H,--header", asking.headers,
                 "A header of each request, such as 'Authorization: Bearer KEY'; again for others.")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  app.add_flag("--json", asking.json, "Print JSON, for programs.");
}

}  // namespace neso::command
