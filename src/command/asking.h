// Which server a command asks, and how: the options that all commands share that ask one.
//
//   auto asking = std::make_shared<Asking>();
//   AddAskingOptions(app, *asking);
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace neso::command {

struct Asking {
  std::string url = "localhost:8000";
  std::string metrics_url;  // of commands that ask for metrics, if it was given
  double timeout_seconds = 60;
  uint64_t max_answer_mib = 64;      // that are taken into memory
  std::vector<std::string> headers;  // "Name: value"
  std::string api_key;               // or "@FILE"; empty: none
  // TLS, where the URL asks for it: PEM files, empty for what the system trusts and for no certificate.
  std::string roots_file, certificate_file, key_file;
  bool is_insecure = false;
  bool json = false;  // the answer is for a program
  std::vector<const CLI::Option*> tls_options;

  std::chrono::milliseconds timeout() const;
  // Those of tls_options that are on the command line, and not what the environment says.
  std::vector<std::string> TypedTlsOptions() const;
};

// A number of seconds from `least` to a day; nan, which is within no bounds and compares with none, is not one.
CLI::Validator SecondsFrom(double least);

// They are looked at, and the command's own words with `check`, as CheckWords does.
void AddAskingOptions(CLI::App& app, Asking& asking, std::function<Status()> check = {});

}  // namespace neso::command
