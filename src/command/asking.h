// Which server a command asks, and how: the options that all commands share that ask one.
//
//   auto asking = std::make_shared<Asking>();
//   AddAskingOptions(app, *asking);
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace neso::command {

struct Asking {
  std::string url = "localhost:8000";
  double timeout_seconds = 60;
  std::vector<std::string> headers;  // "Name: value"
  bool json = false;                 // the answer is for a program

  std::chrono::milliseconds timeout() const;
};

void AddAskingOptions(CLI::App& app, Asking& asking);

}  // namespace neso::command
