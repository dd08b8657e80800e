// A systemd unit that serves a repository: that of the package, for other folders and another user. Pure function.
#pragma once

#include <string>
#include <vector>

namespace neso::command {

struct ServiceOrder {
  std::string name;        // of the service
  std::string program;     // bin/neso, by its full name
  std::string repository;  // likewise
  std::string user;
  std::vector<std::string> options = {};  // of the server
  std::string python_folder = {};         // in which Python models find their python3; empty: where systemd looks
};

// `unit`: deploy/systemd/neso.service.
std::string ServiceUnit(std::string_view unit, const ServiceOrder& order);

}  // namespace neso::command
