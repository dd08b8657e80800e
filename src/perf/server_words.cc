#include "perf/server_words.h"

namespace neso::perf {

void ServerWords::AppendTo(std::vector<std::string>& words) const {
  const auto add = [&words](const char* option, const std::string& value) {
    if (!value.empty()) words.insert(words.end(), {option, value});
  };
  add("-u", url);
  add("--api-key", api_key);
  for (const std::string& header : headers) add("-H", header);
  add("--cacert", roots_file);
  add("--cert", certificate_file);
  add("--cert-key", key_file);
  if (is_insecure) words.emplace_back("--insecure");
}

CLI::Option* AddServerOptions(CLI::App& app, ServerWords& words, const std::string& url_help) {
  app.add_option("--api-key", words.api_key, "The access key of each request, or @FILE with it; else NESO_API_KEY.")
      ->type_name("KEY");
  app.add_option("-H,--header", words.headers, "A header of each request, such as 'X-Team: vision'; again for others.")
      ->type_name("'NAME: VALUE'")
      ->allow_extra_args(false);
  app.add_option("--cacert", words.roots_file,
                 "TLS: who has to have signed the server's certificate; else NESO_CACERT, or whom the system trusts.")
      ->type_name("FILE");
  app.add_option("--cert", words.certificate_file, "TLS: the certificate to show; else NESO_CERT.")->type_name("FILE");
  app.add_option("--cert-key", words.key_file, "TLS: the private key of --cert; else NESO_CERT_KEY.")
      ->type_name("FILE");
  app.add_flag("-k,--insecure", words.is_insecure, "TLS: whatever certificate the server shows.");
  return app.add_option("-u,--url", words.url, url_help)->type_name("HOST:PORT");
}

}  // namespace neso::perf
