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

// Text in which systemd finds no specifiers.
std::string Unspecific(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '%' ? "%%" : std::string(1, c);
  return result;
}

// systemd's own after that of a Python environment.
std::string PathLine(const std::string& python_folder) {
  return UnitWord("PATH=" + python_folder + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
}

bool IsAtHome(const std::string& path) { return path.starts_with("/home/") || path.starts_with("/root/"); }
bool IsTemporary(const std::string& path) { return path.starts_with("/tmp/") || path.starts_with("/var/tmp/"); }

// Lines in the place of the package's, by what those set; none: the line goes.
std::map<std::string, std::optional<std::string>, std::less<>> OwnLines(const ServiceOrder& order) {
  const std::string state = "neso-" + order.name;
  std::string command = UnitWord(order.program) + " " + UnitWord("--model-repository=" + order.repository) +
                        " --crash-directory=/var/lib/" + state;
  for (const std::string& option : order.options) command += " " + UnitWord(option);
  std::optional<std::string> environment;
  if (!order.python_folder.empty()) environment = "Environment=" + PathLine(order.python_folder);
  // The models, or the program, are there.
  const bool is_at_home = IsAtHome(order.repository) || IsAtHome(order.program);
  const bool is_temporary = IsTemporary(order.repository) || IsTemporary(order.program);
  return {{"Description", "Description=Neso inference server, models of " + Unspecific(order.repository)},
          {"Documentation", std::nullopt},
          {"User", "User=" + order.user},
          {"Group", std::nullopt},
          {"EnvironmentFile", environment},
          {"ExecStart", "ExecStart=" + command},
          {"StateDirectory", "StateDirectory=" + state},
          {"LogsDirectory", "LogsDirectory=" + state},
          {"CacheDirectory", "CacheDirectory=" + state},
          {"RuntimeDirectory", "RuntimeDirectory=" + state},
          {"WorkingDirectory", "WorkingDirectory=/var/lib/" + state},
          {"ProtectHome", is_at_home ? "ProtectHome=read-only" : "ProtectHome=yes"},
          {"PrivateTmp", is_temporary ? "PrivateTmp=no" : "PrivateTmp=yes"}};
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
      text += *found->second + "\n";
    }
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace neso::command
