#include "command/repository/service_unit.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace neso::command {
namespace {

// One word of a command line in a unit: systemd.service(5).
std::string UnitWord(const std::string& word) {
  std::string quoted;
  bool needs_quotes = word.empty();
  for (const char c : word) {
    if (c == '%' || c == '$') quoted += c;
    if (c == '"' || c == '\\') quoted += '\\';
    needs_quotes |= std::string_view(" \t\"'\\;").find(c) != std::string_view::npos;
    quoted += c;
  }
  return needs_quotes ? "\"" + quoted + "\"" : quoted;
}

bool IsAtHome(const std::string& path) { return path.starts_with("/home/") || path.starts_with("/root/"); }
bool IsTemporary(const std::string& path) { return path.starts_with("/tmp/") || path.starts_with("/var/tmp/"); }

// Lines that are not the package's; none: the line goes.
std::map<std::string, std::optional<std::string>, std::less<>> OwnLines(const ServiceOrder& order) {
  const std::string state = "neso-" + order.name;
  std::string command = UnitWord(order.program) + " " + UnitWord("--model-repository=" + order.repository) +
                        " --crash-directory=/var/lib/" + state;
  for (const std::string& option : order.options) command += " " + UnitWord(option);
  return {{"Description", "Neso inference server, models of " + order.repository},
          {"Documentation", std::nullopt},
          {"User", order.user},
          {"Group", std::nullopt},
          {"EnvironmentFile", std::nullopt},
          {"ExecStart", command},
          {"StateDirectory", state},
          {"WorkingDirectory", "/var/lib/" + state},
          // The models, or the program, are there.
          {"ProtectHome", IsAtHome(order.repository) || IsAtHome(order.program) ? "read-only" : "yes"},
          {"PrivateTmp", IsTemporary(order.repository) || IsTemporary(order.program) ? "no" : "yes"}};
}

}  // namespace

std::string ServiceUnit(std::string_view unit, const ServiceOrder& order) {
  const auto own = OwnLines(order);
  std::string text;
  bool is_first = true;
  for (const std::string_view line : Split(unit, '\n')) {
    if (is_first) {
      is_first = false;
      text += fmt::format(
          "# Written by `neso service`: into /etc/systemd/system/{0}.service, then systemctl enable --now {0}\n",
          order.name);
      continue;
    }
    const size_t equals = line.find('=');
    const auto found =
        line.starts_with('#') || equals == std::string_view::npos ? own.end() : own.find(line.substr(0, equals));
    if (found == own.end()) {
      text.append(line) += '\n';
    } else if (found->second) {
      text += fmt::format("{}={}\n", found->first, *found->second);
    }
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace neso::command
