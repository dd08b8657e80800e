// Options that say which server is asked and how, for the commands that hand them on to `neso perf`.
//
//   ServerWords server;
//   AddServerOptions(app, server);
//   server.AppendTo(words);          // those that were given: "-u", "grpc://localhost:8001", ...
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace neso::perf {

struct ServerWords {
  std::string url, api_key, roots_file, certificate_file, key_file;
  std::vector<std::string> headers;
  bool is_insecure = false;

  void AppendTo(std::vector<std::string>& words) const;
};

// Returns that of the address, whose help is `url_help`. `words` outlive `app`.
CLI::Option* AddServerOptions(CLI::App& app, ServerWords& words, const std::string& url_help);

}  // namespace neso::perf
