#include "command/asking.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "command/check_words.h"
#include "command/server_access.h"

namespace neso::command {
namespace {

constexpr double kLongestSeconds = 86'400;
constexpr uint64_t kMostAnswerMib = 1 << 20;

bool WasTyped(const CLI::Option& option) {
  const std::string& variable = option.get_envname();
  const char* const preset = variable.empty() ? nullptr : std::getenv(variable.c_str());
  return option.count() > 0 && (preset == nullptr || option.results().front() != preset);
}

}  // namespace

std::chrono::milliseconds Asking::timeout() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(timeout_seconds));
}

std::vector<std::string> Asking::TypedTlsOptions() const {
  std::vector<std::string> names;
  for (const CLI::Option* const option : tls_options) {
    if (WasTyped(*option)) names.push_back("--" + option->get_lnames().front());
  }
  return names;
}

CLI::Validator SecondsFrom(double least) {
  const auto check = [least](const std::string& text) -> std::string {
    double seconds = 0;
    if (CLI::detail::lexical_cast(text, seconds) && seconds >= least && seconds <= kLongestSeconds) return {};
    return fmt::format("expected seconds, from {:g} to {:g}, got '{}'", least, kLongestSeconds, text);
  };
  return {check, "", ""};
}

void AddAskingOptions(CLI::App& app, Asking& asking, std::function<Status()> check) {
  app.add_option(
         "-u,--url", asking.url,
         "The server's address for HTTP, https:// before it for TLS, grpc:// or grpcs:// for gRPC; or unix:PATH in "
         "its place, a socket file; else NESO_URL, or localhost:8000.")
      ->type_name("HOST:PORT")
      ->envname("NESO_URL");
  app.add_option("--timeout", asking.timeout_seconds, "How many seconds an answer is waited for; 60 unless given.")
      ->type_name("SECONDS")
      ->check([](const std::string& text) -> std::string {
        double seconds = 0;
        if (CLI::detail::lexical_cast(text, seconds) && seconds > 0 && seconds <= kLongestSeconds) return {};
        return "expected seconds, above 0 and at most a day, got '" + text + "'";
      });
  app.add_option("--max-answer-mib", asking.max_answer_mib,
                 fmt::format("How many MiB an answer may have, which is taken into memory; {} unless given.",
                             asking.max_answer_mib))
      ->type_name("MIB")
      ->check(CLI::Range(uint64_t{1}, kMostAnswerMib).description(""));
  app.add_option("--api-key", asking.api_key,
                 "The access key of each request, as 'neso key create' prints it, or @FILE with it; else NESO_API_KEY.")
      ->type_name("KEY")
      ->envname("NESO_API_KEY");
  app.add_option("-H,--header", asking.headers, "A header of each request, such as 'X-Team: vision'; again for others.")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  asking.tls_options = {
      app.add_option(
             "--cacert", asking.roots_file,
             "TLS: who has to have signed the server's certificate; else NESO_CACERT, or whom the system trusts.")
          ->type_name("FILE")
          ->envname("NESO_CACERT"),
      app.add_option("--cert", asking.certificate_file, "TLS: the certificate to show; else NESO_CERT.")
          ->type_name("FILE")
          ->envname("NESO_CERT"),
      app.add_option("--cert-key", asking.key_file, "TLS: the private key of --cert; else NESO_CERT_KEY.")
          ->type_name("FILE")
          ->envname("NESO_CERT_KEY"),
      app.add_flag("-k,--insecure", asking.is_insecure, "TLS: whatever certificate the server shows.")};
  app.add_flag("--json", asking.json, "Print JSON, for programs.");
  CheckWords(app, [&asking, check = std::move(check)]() -> Status {
    RETURN_IF_ERROR(CheckAsking(asking));
    return check ? check() : Status();
  });
}

}  // namespace neso::command
